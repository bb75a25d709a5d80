// The engines that compress for the xz recipes: the host's `xz` if it is installed, otherwise the library that comes
// with Stevedore. Both give the same bytes.

import { tools } from "../../host/index.js";
import { StevedoreError, type XzRecipe } from "../../terms/index.js";
import { loadNativeXz } from "./native.js";
import { findXzProgram } from "./program.js";

/** What a recipe says of xz, and how it is worked. */
export interface XzSettings extends Pick<XzRecipe, "preset" | "blockSize"> {
  /** How many blocks are compressed at a time. Does not show in the output. */
  readonly threads: number;
}

/** Makes `.xz` files of independent blocks with CRC64 checks. All engines make the same bytes. */
export interface XzEngine {
  readonly name: "xz" | "lzma-native";
  /** The version of its liblzma. */
  readonly version: string;
  /**
   * Compresses `input`, which must itself fail when `signal` aborts. Works at the reader's pace.
   * @throws the error of `input`; `CANCELLED`, `NO_SPACE`, `INTERNAL`.
   */
  compress(
    input: AsyncIterable<Buffer>,
    settings: XzSettings,
    signal?: AbortSignal | undefined,
  ): AsyncIterable<Buffer>;
}

/**
 * Chooses the engine of this host: `xz` if it is installed and new enough, otherwise lzma-native. That one is slower
 * and its threads live in this process, so it is loaded only if it is needed.
 * @throws `TOOL_MISSING` if neither can be had
 */
export async function chooseXzEngine(): Promise<XzEngine> {
  const program = await findXzProgram();
  if (program !== undefined) return program;
  try {
    return await loadNativeXz();
  } catch (cause) {
    throw new StevedoreError(
      "TOOL_MISSING",
      `no usable xz is installed, and lzma-native cannot be loaded: install the package ${tools.xz.package} ` +
        `(apt-get install ${tools.xz.package})`,
      { cause },
    );
  }
}
