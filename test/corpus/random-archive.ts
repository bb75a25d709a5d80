// Small archives in which few names meet as everything: directories, files and links in each other's places, reached
// over each other, in several spellings. Most of what they come to is decided by GNU tar only when all is read.
import { archive, entry, pax } from "../support/trees/crafted-tar.js";
import { fields, octalField } from "./entries.js";
import type { Random } from "./random.js";

/**
 * Two to thirteen entries.
 * @param outside the absolute path of the canary
 */
export function randomArchive(random: Random, outside: string): Buffer {
  const { below, pick, chance } = random;
  const prefix = pick(["", "", "./"]);
  const path = (): string => {
    const parts = Array.from({ length: 1 + below(3) }, () => pick(["a", "b", "c"]));
    const joined = parts.join(chance(0.05) ? "//" : "/");
    return `${chance(0.1) ? pick(["", "./"]) : prefix}${joined}`;
  };
  const target = (): string =>
    pick([
      path,
      path,
      () => "..",
      () => `../${path()}`,
      () => `${outside}/file`,
      () => `${outside}/dir`,
      () => "/x",
    ])();
  const parts = Array.from({ length: 2 + below(12) }, () => {
    const patches = {
      ...octalField(fields.uid, 8, below(3)),
      ...octalField(fields.mtime, 12, 1_400_000_000 + below(4)),
    };
    const mode = pick([0o777, 0o755, 0o700, 0o4755]);
    const attributes = chance(0.1) ? [pax([["SCHILY.xattr.user.x", "1"]])] : [];
    const made = pick([
      () => entry({ name: `${path()}${pick(["/", "/", "", "/."])}`, type: "5", mode, patches }),
      () => entry({ name: path(), mode, patches }, pick(["", "x", "yy"])),
      () => entry({ name: path(), type: "2", linkName: target(), patches }),
      () => entry({ name: path(), type: "1", linkName: chance(0.9) ? path() : target(), patches }),
      () => entry({ name: path(), type: pick(["6", "3"]), mode, patches }),
    ])();
    return Buffer.concat([...attributes, made]);
  });
  return archive(...parts);
}
