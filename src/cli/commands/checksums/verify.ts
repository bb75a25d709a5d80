// stevedore verify ID… | --all: whether layers are still those whose checksums are stored, and what differs.
import type { Command } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { mismatchMessage } from "../../../jobs/index.js";
import { action, type CommandContext } from "../../run-command.js";
import { formatText } from "../../terminal/index.js";
import {
  addImageFlags,
  type FailedImage,
  type ImageFlags,
  runForImages,
  tellFailed,
} from "./jobs-of-images.js";

interface VerifyFlags extends ImageFlags {
  readonly explain?: boolean;
}

/** A layer that is not the one whose checksum is stored. */
interface Mismatch
  extends FailedImage,
    Pick<JobResult<"verify">, "expected" | "actual" | "differences" | "more"> {}

export function declare(program: Command): void {
  const command = program
    .command("verify")
    .description("compare the layers of images with their stored checksums");
  addImageFlags(command, (own) => own.option("--explain", "tell what differs, name by name"))
    .addHelpText(
      "after",
      `
Reads each layer once and compares the digest of its archive before compression: some hundred times as fast as
computing the checksum anew. --explain says how each name differs from what it was when the checksum was computed:
content, mode, owner, mtime, xattr, type, target (of a link or device), missing or extra.

Examples:
  $ stevedore verify 27cf --explain
  $ stevedore verify --all --json`,
    )
    .action(action<VerifyFlags>(verify));
}

async function verify(
  context: CommandContext,
  { explain = false, ...flags }: VerifyFlags,
  references: string[],
): Promise<void> {
  const options = explain ? { explain } : {};
  const done = await runForImages(context, "verify", flags, references, options);
  if (done === undefined) return;
  const verified = done.results.filter(({ ok }) => ok);
  const mismatches = done.results.filter(({ ok }) => !ok).map((result) => mismatchOf(result, explain));
  const failed: FailedImage[] = [...done.failed, ...mismatches];
  context.print({ verified, failed }, [
    ...verified.map(({ id }) => `ok  ${id}`),
    ...mismatches.flatMap((mismatch) => [`mismatch  ${mismatch.id}`, ...explanationOf(mismatch)]),
  ]);
  tellFailed(failed, context);
}

function mismatchOf(result: JobResult<"verify">, explain: boolean): Mismatch {
  const { id, expected, actual, differences, more } = result;
  const unexplained =
    explain && differences === undefined ? "; no manifest is stored that could tell what differs" : "";
  return {
    id,
    code: "CHECKSUM_MISMATCH",
    message: `${mismatchMessage(result)}${unexplained}`,
    expected,
    actual,
    ...(differences === undefined ? {} : { differences }),
    ...(more === undefined ? {} : { more }),
  };
}

/** A line per difference: its kind, two blanks, the path. */
function explanationOf({ differences = [], more }: Mismatch): string[] {
  const lines = differences.map(({ kind, path }) => `${kind}  ${formatText(path)}`);
  return more === undefined ? lines : [...lines, `and ${more} more`];
}
