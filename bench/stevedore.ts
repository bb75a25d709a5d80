// Runs the built command as its users do.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The built binary. */
export const binary = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Runs a command with `--quiet` to its end and returns its stdout. @throws if it does not end with 0 */
export async function stevedore(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [binary, ...args, "--quiet"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH },
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`stevedore ${args.join(" ")} ended with ${code}`);
  return stdout;
}
