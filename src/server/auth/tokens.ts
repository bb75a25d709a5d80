// The bearer tokens that a server accepts, and what each lets its bearer do.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { StevedoreError } from "../../terms/index.js";

/** `read` may look at everything and change nothing; `full` may do all. */
export const roles = ["read", "full"] as const;
export type Role = (typeof roles)[number];

export interface Token {
  readonly role: Role;
  readonly secret: string;
}

/** What is easily guessed is no token: as many characters as a UUID without its hyphens. */
const shortest = 16;

/**
 * Reads a token file: a line for each, `full TOKEN` or `read TOKEN`, and `TOKEN` alone for the former; empty lines and
 * those that begin with `#` mean nothing.
 * @throws `INVALID_JOB` for a file that cannot be read or holds no token, or a line that is none of these, naming the
 * file and the line's number, never its text
 */
export function readTokenFile(path: string): Token[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new StevedoreError(
      "INVALID_JOB",
      `the token file ${path} cannot be read: ${(error as Error).message}`,
    );
  }
  const tokens = text.split("\n").flatMap((line, at) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const origin = `${path}, line ${at + 1}`;
    const words = line.trim().split(/\s+/);
    const [role, secret] = words.length === 1 ? ["full", words[0]] : words;
    if (!isRole(role) || secret === undefined || words.length > 2) {
      throw new StevedoreError("INVALID_JOB", `${origin}: it takes "full TOKEN", "read TOKEN" or "TOKEN"`);
    }
    return [checked({ role, secret }, origin)];
  });
  // A server without any lets in whoever reaches it, which nobody means who names a file.
  if (tokens.length === 0) throw new StevedoreError("INVALID_JOB", `the token file ${path} holds no token`);
  return tokens;
}

/** The tokens of the environment: STEVEDORE_TOKEN is for everything, STEVEDORE_READ_TOKEN for looking. */
export function tokensOfEnvironment(environment: NodeJS.ProcessEnv): Token[] {
  const names = { STEVEDORE_TOKEN: "full", STEVEDORE_READ_TOKEN: "read" } as const;
  return Object.entries(names).flatMap(([name, role]) => {
    const secret = environment[name];
    return secret === undefined || secret === "" ? [] : [checked({ role, secret }, name)];
  });
}

/**
 * The token that was presented, or undefined. Every known one is compared, each in constant time, so that how long it
 * takes tells nothing.
 */
export function findToken(tokens: readonly Token[], presented: string): Token | undefined {
  const digest = digestOf(presented);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(digestOf(token.secret), digest)) found = token;
  return found;
}

/**
 * Checks that no token was given both roles, for then it is not known which was meant.
 * @throws `INVALID_JOB`
 */
export function assertOneRoleEach(tokens: readonly Token[]): void {
  const known = new Map<string, Role>();
  for (const { role, secret } of tokens) {
    if ((known.get(secret) ?? role) !== role) {
      throw new StevedoreError("INVALID_JOB", "one token is given both as full and as read: make two of it");
    }
    known.set(secret, role);
  }
}

function checked(token: Token, origin: string): Token {
  // RFC 6750, section 2.1: what may stand after `Bearer`.
  if (token.secret.length >= shortest && /^[A-Za-z0-9._~+/-]+=*$/.test(token.secret)) return token;
  throw new StevedoreError(
    "INVALID_JOB",
    `${origin}: a token takes at least ${shortest} of A-Z a-z 0-9 . _ ~ + / -`,
  );
}

function isRole(text: string | undefined): text is Role {
  return roles.some((role) => role === text);
}

/** Of equal length for every token, as the comparison wants. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
