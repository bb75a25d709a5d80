// The data of the benchmarks: real files of this machine, as many as are asked for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "./shell.js";

/** So many times smaller is what the rows of blocks work on with STEVEDORE_BENCH_SHORT: only to see that they work. */
export const shortening = process.env.STEVEDORE_BENCH_SHORT === undefined ? 1 : 8;

/** A tree of real files, and the same as a tar. */
export interface Sample {
  readonly name: string;
  readonly tree: string;
  readonly archive: string;
  readonly bytes: number;
  readonly entries: number;
}

/**
 * Copies files of `/usr` until there are that many bytes, and packs them.
 * @param fileBytes only files below this size, so that the number of entries can be steered
 */
export async function sample(
  scratch: string,
  name: string,
  bytes: number,
  fileBytes: number,
): Promise<Sample> {
  const tree = join(scratch, `${name}.d`);
  const archive = join(scratch, `${name}.tar`);
  const list = join(scratch, `${name}.list`);
  await shell(
    `find /usr -xdev -type f -size +0 -size -${fileBytes}c -printf '%s %P\\n' | LC_ALL=C sort -k2 > ${list}`,
  );
  let sum = 0;
  const chosen: string[] = [];
  for (const line of readFileSync(list, "latin1").split("\n")) {
    if (sum >= bytes || line === "") break;
    const [size = "", path = ""] = line.split(/ (.*)/s);
    sum += Number(size);
    chosen.push(path);
  }
  writeFileSync(list, chosen.join("\n"), "latin1");
  await shell(
    `mkdir ${tree}; tar -C /usr --no-recursion --verbatim-files-from -T ${list} -cf - | tar -xpf - -C ${tree}
    tar -C ${tree} -cf ${archive} .`,
  );
  const [entries = 0, size = 0] = (await shell(`find ${tree} | wc -l; stat -c %s ${archive}`))
    .split("\n")
    .map(Number);
  return { name, tree, archive, bytes: size, entries };
}

/** How a sample is called in the table. */
export function describeSample({ bytes, entries }: Sample): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB, ${entries} entries`;
}
