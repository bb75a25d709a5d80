// One archive of the corpus, and what must become of it.

import type { UnpackLimits } from "../../src/layer/unpack.js";
import type { ErrorCode } from "../../src/terms/index.js";
import { archive } from "../support/trees/crafted-tar.js";

export interface CorpusCase {
  /** What is odd about the archive. */
  readonly name: string;
  /**
   * Its bytes.
   * @param outside the absolute path of the canary directory (see canary.ts), which also is `../outside`
   */
  archive(outside: string): Buffer;
  readonly outcome: Outcome;
  readonly limits?: UnpackLimits;
}

/** The code of the error, or the lines of `describeTree`. */
export type Outcome = { readonly refused: ErrorCode } | { readonly tree: readonly string[] };

/** Parts of an archive: the end is put behind them. They may name the canary. */
export type Parts = readonly Buffer[] | ((outside: string) => readonly Buffer[]);

/** Limits that no case reaches but those that are about limits. */
export const roomyLimits: UnpackLimits = { maxBytes: 64 * 1024 * 1024, maxEntries: 5_000 };

/** An archive that must be refused. */
export function refused(code: ErrorCode, name: string, parts: Parts): CorpusCase {
  return raw(name, assemble(parts), { refused: code });
}

/** An archive that must become this tree. */
export function accepted(name: string, parts: Parts, tree: readonly string[]): CorpusCase {
  return raw(name, assemble(parts), { tree });
}

/** A case whose bytes are taken as they are. */
export function raw(
  name: string,
  bytes: Buffer | ((outside: string) => Buffer),
  outcome: Outcome,
  limits?: UnpackLimits,
): CorpusCase {
  const make = typeof bytes === "function" ? bytes : () => bytes;
  return { name, archive: make, outcome, ...(limits === undefined ? {} : { limits }) };
}

function assemble(parts: Parts): (outside: string) => Buffer {
  return (outside) => archive(...(typeof parts === "function" ? parts(outside) : parts));
}
