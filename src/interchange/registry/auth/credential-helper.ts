// Asks one of Docker's credential helpers, `docker-credential-NAME get`: the registry goes to its stdin, a document comes from
// its stdout. Not by the room for the host's programs: that quotes what a program says, and here that may be a password.
import { type ExecFileException, execFile } from "node:child_process";
import { z } from "zod";
import { toolEnvironment } from "../../../host/index.js";
import { cancelled, quote, StevedoreError } from "../../../terms/index.js";

/** How long a helper may take, in ms. */
const helperMs = 30_000;
const longestAnswer = 64 * 1024;

const answer = z.looseObject({ Username: z.string(), Secret: z.string() });

/**
 * Asks a helper for the credentials of a registry.
 * @returns undefined if it has none
 * @throws `INTERNAL` if it fails, takes longer than 30 s, or answers by what is no credentials; `TOOL_MISSING`; `CANCELLED`
 */
export async function askHelper(
  name: string,
  registry: string,
  signal: AbortSignal,
): Promise<{ readonly username: string; readonly password: string } | undefined> {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new StevedoreError(
      "INTERNAL",
      `${quote(name)} in --registry-auth cannot be the name of a credential helper`,
    );
  }
  const command = `docker-credential-${name}`;
  const { error, stdout } = await run(command, registry, signal);
  if (signal.aborted) throw cancelled(signal);
  if (error !== null) {
    if (/credentials not found/i.test(stdout)) return undefined;
    throw failure(command, error);
  }
  const parsed = answer.safeParse(parse(stdout));
  if (!parsed.success) throw new StevedoreError("INTERNAL", `${command} answers by what is no credentials`);
  return { username: parsed.data.Username, password: parsed.data.Secret };
}

function run(command: string, input: string, signal: AbortSignal) {
  return new Promise<{ readonly error: ExecFileException | null; readonly stdout: string }>((resolve) => {
    const options = { timeout: helperMs, killSignal: "SIGKILL", maxBuffer: longestAnswer, signal } as const;
    const environment = { env: toolEnvironment(true), encoding: "utf8" } as const;
    const child = execFile(command, ["get"], { ...options, ...environment }, (error, stdout) => {
      resolve({ error, stdout });
    });
    // One that is not there, or that ends early, closes its stdin.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(command: string, { code, killed, signal }: ExecFileException): StevedoreError {
  if (code === "ENOENT") {
    return new StevedoreError("TOOL_MISSING", `${command} is not installed, which --registry-auth names`);
  }
  const how = killed
    ? `was killed: it took longer than ${helperMs / 1_000} s or said too much`
    : `ended by ${signal ?? code}`;
  return new StevedoreError("INTERNAL", `${command} get ${how}`);
}
