// The flags of xz that decide the bytes it writes. A recipe, an export and the line of shell have them from here.
import type { XzSettings } from "./block.js";

const MiB = 1024 * 1024;

/**
 * The flags as the documented line of shell has them. One thread is another mode of xz, which writes other block
 * headers; how many there are above that does not show.
 */
export function xzFlags({ preset, blockSize }: XzSettings): string[] {
  const size = blockSize % MiB === 0 ? `${blockSize / MiB}MiB` : String(blockSize);
  return [`-${preset}`, "--check=crc64", `--block-size=${size}`, "-T2"];
}

/**
 * The same for the program as it is run here: it must not change the preset quietly to stay below a limit of memory
 * that somebody set.
 */
export function xzArguments(settings: XzSettings): string[] {
  return [...xzFlags(settings), "--no-adjust"];
}
