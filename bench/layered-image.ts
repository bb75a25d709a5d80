// An image as builders leave it: an OCI layout of several gzip'd layers of this machine's own files, made by umoci.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sample } from "./data.js";
import type { Dock } from "./dock.js";
import { shell } from "./shell.js";

const bytes = 200 * 1024 ** 2;
const layers = 5;

export interface LayeredImage {
  readonly layout: string;
  /** The image's name, and its tag in the layout. */
  readonly name: string;
  /** How it is called in the table. */
  readonly description: string;
}

/** Makes the image in the dock's scratch directory. @param as a name of its own */
export async function makeLayeredImage({ scratch }: Dock, as: string): Promise<LayeredImage> {
  const { tree, archive, bytes: size, entries } = await sample(scratch, as, bytes, 4 * 1024 ** 2);
  const layout = join(scratch, `${as}.oci`);
  const layer = join(scratch, `${as}.layer`);
  const name = `bench/${as}:latest`;
  await shell(`umoci init --layout ${layout}; umoci new --image ${layout}:${name}`);
  for (const paths of parts(tree, readFileSync(join(scratch, `${as}.list`), "latin1").split("\n"))) {
    writeFileSync(`${layer}.list`, paths.join("\n"), "latin1");
    await shell(
      `tar -C ${tree} --no-recursion --verbatim-files-from -T ${layer}.list -cf ${layer}
      umoci raw add-layer --image ${layout}:${name} ${layer}`,
    );
  }
  const compressed = await shell(`rm -r ${tree} ${archive} ${layer} ${layer}.list; du -sb ${layout}/blobs`);
  const description = `${mebibytes(size)} in ${layers} layers (${mebibytes(Number.parseInt(compressed, 10))} by gzip), ${entries} entries`;
  return { layout, name, description };
}

/** The files in as many parts as there are layers, of about as many bytes each; with their directories, as a layer is. */
function parts(tree: string, paths: readonly string[]): string[][] {
  const found = Array.from({ length: layers }, () => new Set<string>(["."]));
  let sum = 0;
  for (const path of paths) {
    const part = found[Math.min(layers - 1, Math.floor((sum * layers) / bytes))];
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1))
      part?.add(path.slice(0, end));
    part?.add(path);
    sum += statSync(Buffer.from(join(tree, path), "latin1")).size;
  }
  return found.map((part) => [...part]);
}

function mebibytes(size: number): string {
  return `${(size / 1024 ** 2).toFixed(0)} MiB`;
}
