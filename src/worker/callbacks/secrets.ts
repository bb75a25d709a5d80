// The secrets by which notifications are signed, as Standard Webhooks writes them: `whsec_` and base64.
import { readFileSync, statSync } from "node:fs";
import { StevedoreError } from "../../terms/index.js";

/** How many bytes a secret has. */
const shortest = 24;
const longest = 64;

/** The secrets of a file, the newest first. */
export interface SecretFile {
  readonly secrets: readonly Buffer[];
  /** Whether others than its owner may read it. */
  readonly isOpen: boolean;
}

/**
 * Reads a file of secrets, one a line; empty lines and comments (`#`) are skipped.
 * @throws `INVALID_OPTION` for a file that cannot be read or holds no secret, or for any other line: the message has the file
 * and the line's number, never its text
 */
export function readSecretFile(path: string): SecretFile {
  let text: string;
  let mode: number;
  try {
    text = readFileSync(path, "utf8");
    ({ mode } = statSync(path));
  } catch (error) {
    throw wrong(`${path} cannot be read: ${(error as Error).message}`);
  }
  const secrets = text.split("\n").flatMap((line, at) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const secret = parseSecret(line.trim());
    if (secret !== undefined) return [secret];
    throw wrong(
      `${path}, line ${at + 1}: a secret is whsec_ and the base64 of ${shortest} to ${longest} bytes: echo "whsec_$(openssl rand -base64 32)" makes one`,
    );
  });
  if (secrets.length === 0) throw wrong(`${path} holds no secret`);
  return { secrets, isOpen: (mode & 0o077) !== 0 };
}

function parseSecret(text: string): Buffer | undefined {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (base64 === undefined) return undefined;
  const secret = Buffer.from(base64, "base64");
  return secret.length >= shortest && secret.length <= longest ? secret : undefined;
}

function wrong(what: string): StevedoreError {
  return new StevedoreError("INVALID_OPTION", `--notify-secret-file ${what}`);
}
