// Gets a bearer token from the server that a challenge names (Docker's token authentication, and its form of OAuth 2).
import { broken, type DownloadLimits, forbidden, startPatience } from "../../../outbound/index.js";
import { askForDocument, type Sender } from "../http/index.js";
import type { Challenge } from "./challenges.js";
import type { Credentials } from "./docker-config.js";

/** A token, and when it must be renewed. */
export interface Token {
  /** The value of `Authorization`. */
  readonly header: string;
  /** As `performance.now` counts. */
  readonly staleAt: number;
}

/** What a token is asked for, and how. */
export interface TokenRequest {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** The registry that sent the challenge. */
  readonly registry: URL;
  readonly limits: DownloadLimits;
  readonly retries: number;
}

/** How long a token is valid that does not say it, in s (Docker's token specification). */
const defaultSeconds = 60;
const mostSeconds = 86_400;
/** A token is renewed so long before it ends, but not before three quarters of its time are over, in ms. */
const margin = 10_000;
const longestAnswer = 256 * 1024;

/**
 * Asks for a token.
 * @throws the kind's refusal for a realm that may not be asked or that refuses; `LIMIT_EXCEEDED`; `INTERNAL`
 */
export async function fetchToken(sender: Sender, request: TokenRequest): Promise<Token> {
  const { challenge, credentials, registry, limits, retries } = request;
  const url = realmOf(challenge, registry, sender);
  // The rest of its URL is what the registry wrote.
  const shown = new URL("/", url);
  const scopes = [...new Set([...request.scopes, ...scopesOf(challenge, request.scopes)])];
  const parameters = new URLSearchParams(scopes.map((scope): [string, string] => ["scope", scope]));
  const service = challenge.parameters.get("service");
  if (service !== undefined) parameters.set("service", service);
  const basic = credentials !== undefined && "username" in credentials ? basicHeader(credentials) : undefined;
  const patience = startPatience(limits, sender.kind);
  const authorization = { header: async () => basic, renew: async () => false };
  const asker = { ...sender, patience, authorization, retries, heedsRetryAfter: retries > 0 };
  const begun = performance.now();
  const message = { ...messageOf(url, parameters, credentials), shown };
  const { bytes } = await askForDocument(asker, message, longestAnswer);
  const { token, seconds } = parse(bytes);
  // What a server takes for a token may not become a second header.
  if (token === undefined || !/^[\x21-\x7e]{1,32768}$/.test(token)) {
    throw broken(shown, sender.kind, "its answer holds no token that can be sent");
  }
  const lasts = Math.min(seconds, mostSeconds) * 1_000;
  return { header: `Bearer ${token}`, staleAt: begun + lasts - Math.min(margin, lasts / 4) };
}

/** The `Authorization` of a user and a password. */
export function basicHeader({
  username,
  password,
}: {
  readonly username: string;
  readonly password: string;
}): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function messageOf(url: URL, parameters: URLSearchParams, credentials: Credentials | undefined) {
  if (credentials !== undefined && "identityToken" in credentials) {
    const { identityToken } = credentials;
    const form = new URLSearchParams({
      ...{ grant_type: "refresh_token", client_id: "stevedore", refresh_token: identityToken },
      scope: parameters.getAll("scope").join(" "),
      service: parameters.get("service") ?? "",
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url, headers, body: Buffer.from(form.toString()) } as const;
  }
  const target = new URL(url);
  for (const [name, value] of parameters) target.searchParams.append(name, value);
  return { method: "GET", url: target, headers: {} } as const;
}

/** What the registry asks for beside what is known to be needed. */
function scopesOf({ parameters }: Challenge, known: readonly string[]): readonly string[] {
  const resourceOf = (scope: string) => scope.slice(0, scope.lastIndexOf(":") + 1);
  const resources = known.map(resourceOf);
  const asked = (parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  return asked.filter((scope) => !resources.includes(resourceOf(scope)));
}

function realmOf({ parameters }: Challenge, registry: URL, { kind }: Sender): URL {
  const realm = parameters.get("realm") ?? "";
  if (!URL.canParse(realm)) throw forbidden(registry, kind, "its challenge names no token server");
  const url = new URL(realm);
  if (!["http:", "https:"].includes(url.protocol)) {
    throw forbidden(registry, kind, "its challenge names a token server that is not http or https");
  }
  if (url.username !== "" || url.password !== "") {
    throw forbidden(registry, kind, "its challenge names a token server by a URL with a user or password");
  }
  if (registry.protocol === "https:" && url.protocol === "http:") {
    throw forbidden(registry, kind, `its challenge leads from https to http, to ${url.host}`);
  }
  return url;
}

function parse(bytes: Buffer): { readonly token: string | undefined; readonly seconds: number } {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null) return { token: undefined, seconds: 0 };
  const { token, access_token: other, expires_in: given } = value as Record<string, unknown>;
  const found = [token, other].find((text) => typeof text === "string" && text !== "") as string | undefined;
  return { token: found, seconds: typeof given === "number" && given > 0 ? given : defaultSeconds };
}
