// Compresses layers for an archive by the programs of the host, with fixed options: the same bytes in and the same
// version of a program, the same bytes out, on every host and whatever its environment says.
import { type Tool, tools } from "../../host/index.js";
import { toolOutput } from "../../layer/index.js";

/** How the layers of an archive may be compressed. */
export const layerCompressions = ["gzip", "zstd", "xz", "none"] as const;
export type LayerCompression = (typeof layerCompressions)[number];

/**
 * Compresses `input`, which must itself fail when `signal` aborts. Works at the reader's pace.
 * @param threads how many the program may use, which does not show in the bytes; gzip has but one
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
 * `zstd --single-thread` and `xz -T1` are modes of their own, which give other bytes: `zstd -T1` and `xz -T2` are the
 * least that give those of more threads.
 */
const programs: Readonly<
  Record<Exclude<LayerCompression, "none">, (threads: number) => readonly [Tool, readonly string[]]>
> = {
  gzip: () => [tools.gzip, ["-n", "-6"]],
  zstd: (threads) => [tools.zstd, ["-q", "-3", `-T${threads}`]],
  xz: (threads) => [
    tools.xz,
    ["-6", "--check=crc64", "--block-size=8MiB", `-T${Math.max(2, threads)}`, "--no-adjust"],
  ],
};
