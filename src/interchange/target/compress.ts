// Compresses exported layers with the programs of the host. The options are fixed, so that the same version of a
// program gives the same bytes on every host.
import { type Tool, tools } from "../../host/index.js";
import { toolOutput, xzArguments } from "../../layer/index.js";
import { defaultRecipe, type LayerCompression, recipes } from "../../terms/index.js";

export type { LayerCompression };

/**
 * Compresses `input` as fast as the result is read. `input` must fail by itself when `signal` aborts.
 * @param threads how many threads the program may use, which does not change the bytes; gzip uses one
 * @throws the error of `input`; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL`
 */
export function compress(
  input: AsyncIterable<Buffer>,
  compression: Exclude<LayerCompression, "none">,
  threads: number,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const [tool, args] = programs[compression](threads);
  return toolOutput(tool, args, { input, isBackground: true, signal });
}

/**
 * The programs with their arguments. `zstd --single-thread` gives other bytes than several threads do; `zstd -T1` is the
 * smallest number that does not.
 */
const programs: Readonly<
  Record<Exclude<LayerCompression, "none">, (threads: number) => readonly [Tool, readonly string[]]>
> = {
  gzip: () => [tools.gzip, ["-n", "-6"]],
  zstd: (threads) => [tools.zstd, ["-q", "-3", `-T${threads}`]],
  xz: (threads) => [tools.xz, xzArguments({ ...recipes[defaultRecipe], threads })],
};
