// The bearer tokens that a server accepts, and their roles.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { StevedoreError } from "../../terms/index.js";

/** `read` may read everything and change nothing; `full` may do all. */
export const roles = ["read", "full"] as const;
export type Role = (typeof roles)[number];

export interface Token {
  readonly role: Role;
  readonly secret: string;
}

/** How many characters a token must have: a shorter one is easily guessed. */
const shortest = 16;

/**
 * Reads a token file. Each line is `full TOKEN`, `read TOKEN`, or `TOKEN` for the role `full`; empty lines and comments
 * (`#`) are skipped.
 * @throws `INVALID_OPTION` for a file that cannot be read or holds no token, or for any other line: the message has the file
 * and the line's number, never its text
 */
export function readTokenFile(path: string): Token[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new StevedoreError(
      "INVALID_OPTION",
      `--token-file ${path} cannot be read: ${(error as Error).message}`,
    );
  }
  const tokens = text.split("\n").flatMap((line, at) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const origin = `--token-file ${path}, line ${at + 1}`;
    const words = line.trim().split(/\s+/);
    const [role, secret] = words.length === 1 ? ["full", words[0]] : words;
    if (!isRole(role) || secret === undefined || words.length > 2) {
      throw new StevedoreError("INVALID_OPTION", `${origin}: it takes "full TOKEN", "read TOKEN" or "TOKEN"`);
    }
    return [checked({ role, secret }, origin)];
  });
  // Without tokens the server would let everyone in, which is not meant by naming a file.
  if (tokens.length === 0) throw new StevedoreError("INVALID_OPTION", `--token-file ${path} holds no token`);
  return tokens;
}

/** What is to be said of a token file that any user of the host may read or write; undefined if none may. */
export function tokenFileWarning(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile() || (found.mode & 0o006) === 0) return undefined;
  const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
  const may = (found.mode & 0o002) === 0 ? "read" : "write";
  return `warning: --token-file ${path} has mode ${mode}: every user of this host may ${may} it; make it 0600`;
}

/** The tokens of the environment: STEVEDORE_TOKEN with the role `full`, STEVEDORE_READ_TOKEN with `read`. */
export function tokensOfEnvironment(environment: NodeJS.ProcessEnv): Token[] {
  const names = { STEVEDORE_TOKEN: "full", STEVEDORE_READ_TOKEN: "read" } as const;
  return Object.entries(names).flatMap(([name, role]) => {
    const secret = environment[name];
    return secret === undefined || secret === "" ? [] : [checked({ role, secret }, name)];
  });
}

/**
 * The token that was presented, if it is known. It is compared with all tokens, each in constant time, so that the time
 * reveals nothing.
 */
export function findToken(tokens: readonly Token[], presented: string): Token | undefined {
  const digest = digestOf(presented);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(digestOf(token.secret), digest)) found = token;
  return found;
}

/**
 * Checks that no token was given both roles: it would not be clear which one is meant.
 * @throws `INVALID_OPTION`
 */
export function assertOneRoleEach(tokens: readonly Token[]): void {
  const known = new Map<string, Role>();
  for (const { role, secret } of tokens) {
    if ((known.get(secret) ?? role) !== role) {
      throw new StevedoreError(
        "INVALID_OPTION",
        "one token is given both as full and as read (--token-file, STEVEDORE_TOKEN, STEVEDORE_READ_TOKEN): make two of it",
      );
    }
    known.set(secret, role);
  }
}

function checked(token: Token, origin: string): Token {
  // The characters that RFC 6750, section 2.1, allows after `Bearer`.
  if (token.secret.length >= shortest && /^[A-Za-z0-9._~+/-]+=*$/.test(token.secret)) return token;
  throw new StevedoreError(
    "INVALID_OPTION",
    `${origin}: a token takes at least ${shortest} of A-Z a-z 0-9 . _ ~ + / -`,
  );
}

function isRole(text: string | undefined): text is Role {
  return roles.some((role) => role === text);
}

/** Has the same length for every token, as the comparison requires. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
