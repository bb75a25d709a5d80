// Layers of several blocks that are quick to compress, written into a root by hand, with their checksums by shell alone.
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../support/processes/shell.js";
import { canonicalTar } from "./auditor/shell-lines.js";

export interface BlockLayer {
  /** The image's id. */
  readonly id: string;
  readonly checksum: string;
}

/** The quickest preset. */
export const recipe = "xz-1";
const preset = 1;

const mebibyte = 1024 ** 2;
/** In MiB, of blocks of 8 MiB: one, one and a little, several. */
const sizes = [3, 8, 17, 33];
/** So many bytes of each MiB are noise, and take their time; the others repeat them. */
const noise = 32 * 1024;

/** Writes images of one layer each. */
export async function writeBlockLayers(root: string): Promise<BlockLayer[]> {
  return Promise.all(
    sizes.map(async (size) => {
      const id = `blocks-${size}`;
      const directory = join(root, "graph", id);
      mkdirSync(join(directory, "layer"), { recursive: true });
      writeFileSync(join(directory, "json"), JSON.stringify({ id, container_config: {} }));
      for (let at = 0; at < size; at++) {
        const part = Buffer.alloc(mebibyte, randomBytes(noise));
        writeFileSync(join(directory, `layer/part-${String(at).padStart(3, "0")}`), part);
      }
      const archive = `${canonicalTar(join(directory, "layer"))} | xz -${preset} --check=crc64 --block-size=8MiB -T2`;
      const digest = await shell(`{ cat ${directory}/json; echo; ${archive}; } | sha256sum`);
      return { id, checksum: `sha256:${digest.toString("latin1").slice(0, 64)}` };
    }),
  );
}

/** Lets a root forget the checksum of an image, so that it is computed again. */
export function forgetChecksum(root: string, { id }: BlockLayer): void {
  rmSync(join(root, "graph", id, "checksum.json"), { force: true });
}
