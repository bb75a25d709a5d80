// What the type flag of a header stands for.
import { StevedoreError } from "../../terms/index.js";
import type { LayerEntry } from "./entry-path.js";
import { quoteName } from "./header.js";

/**
 * What GNU tar will make of an entry, by the type flags of POSIX ustar and its own `S`.
 * @throws `UNSAFE_ENTRY` for any other type: those of backups (`D`, `M`), and those of which tar would make a regular
 * file because it does not know them (Solaris and star have some).
 */
export function describeEntry(type: string, name: string, target: string): LayerEntry {
  switch (type) {
    case "0":
    case "7":
      // Archives from before the type for directories mark them by a slash.
      return { kind: name.endsWith("/") ? "directory" : "file", name };
    case "S":
      return { kind: "file", name };
    case "1":
      return { kind: "hardlink", name, target };
    case "2":
      return { kind: "symlink", name, target };
    case "3":
    case "4":
      return { kind: "device", name };
    case "5":
      return { kind: "directory", name };
    case "6":
      return { kind: "fifo", name };
    default: {
      const reason = `is of the type ${quoteName(type)}, which is not accepted`;
      throw new StevedoreError("UNSAFE_ENTRY", `${quoteName(name)} ${reason}`);
    }
  }
}
