// Spares the workers that the tests start a second of CPU each: the xz of this host is known to give the known answer, or
// test/layer/xz/known-answer.test.ts fails. Any other is asked as ever.
import { execFileSync } from "node:child_process";

export const verifiedVariable = "STEVEDORE_INTERNAL_VERIFIED_XZ";

/** The processes that run the tests inherit it. */
export function setup(): void {
  process.env[verifiedVariable] = execFileSync("which", ["xz"], { encoding: "utf8" }).trim();
}
