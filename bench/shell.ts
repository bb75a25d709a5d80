// Runs the peers: a line of bash in a clean environment.
import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a line of bash to its end and returns its stdout.
 * @param env added to its environment
 * @throws if it fails anywhere in a pipe
 */
export async function shell(
  line: string,
  cwd = "/",
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn("bash", ["--norc", "-euo", "pipefail", "-c", line], {
    cwd,
    env: { PATH: process.env.PATH, LC_ALL: "C", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`exit code ${code} of: ${line}`);
  return stdout.trim();
}
