// The documented line of shell has one more filter where the host's GNU tar is 1.35 or newer.
import { execFileSync } from "node:child_process";
import { shellLine } from "../../../src/layer/shell-line.js";

/** The filter by itself: `perl -e '…'`. */
export const fillFilter =
  / \| (perl -e '[^']+')/.exec(shellLine("xz-6", { leavesFieldsEmpty: true }))?.[1] ?? "";

const minor = Number(
  /^tar \(GNU tar\) 1\.(\d+)/.exec(execFileSync("tar", ["--version"], { encoding: "utf8" }))?.[1],
);

/** What stands behind the tar of the documented line on this host: nothing, or the filter in a pipe. */
export const thenFill = minor >= 35 ? ` | ${fillFilter}` : "";
