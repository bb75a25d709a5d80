// An xz that takes its time and no CPU, so that many slots can be simulated on few cores (stand-in-xz.c).
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shell } from "./shell.js";

const source = fileURLToPath(new URL("../../bench/stand-in-xz.c", import.meta.url));

export interface StandIn {
  /** For processes that are to take it for xz. */
  readonly env: Readonly<Record<string, string>>;
  /** Records what xz makes of each block of a stream that a line of the shell writes. @param flags of xz */
  record(line: string, flags: string): Promise<void>;
}

/** Compiles it; undefined where there is no compiler. @param blockMs how long it takes for a block, in ms */
export async function makeStandIn(scratch: string, blockMs: number): Promise<StandIn | undefined> {
  if ((await shell("command -v gcc || true")) === "") return undefined;
  const [bin, blocks] = [join(scratch, "stand-in"), join(scratch, "recorded")];
  for (const directory of [bin, blocks]) mkdirSync(directory);
  const program = join(bin, "xz");
  await shell(`gcc -O2 -Wall -o ${program} ${source}`);
  const real = await shell("command -v xz");
  return {
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      STAND_IN_XZ: real,
      STAND_IN_BLOCKS: blocks,
      STAND_IN_MS: `${blockMs}`,
      // It would be asked for the known answer.
      STEVEDORE_INTERNAL_VERIFIED_XZ: program,
    },
    async record(line, flags) {
      const each = [
        `block=$(mktemp -p ${scratch}); cat > $block; key=$(${program} --key < $block)`,
        `[ -e ${blocks}/$key ] || ${real} ${flags} -c -T2 < $block > ${blocks}/$key; rm $block`,
      ];
      await shell(`${line} | split -b 8M --filter='${each.join("; ")}' -`);
    },
  };
}
