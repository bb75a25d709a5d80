// The server that gives tokens for a test's registry, as Docker's token authentication has it: a JSON Web Token, signed by a
// key of its own, whose certificate the registry trusts.
import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { registryUser } from "./registry-user.js";

export interface TokenServer extends AsyncDisposable {
  /** `auth.token` of the registry's configuration. */
  readonly registryOptions: Readonly<Record<string, string>>;
  /** The scopes of the tokens that it gave. */
  readonly given: string[];
  /** Every token that it gave. */
  readonly tokens: string[];
  /** A token that stands for the user in `identitytoken`. */
  readonly identityToken: string;
  /** From now on gives tokens that the registry refuses. */
  revoke(): void;
}

const service = "stevedore registry";
const issuer = "stevedore tests";

/** Starts a server on a free port; its key goes into the directory. @param seconds how long a token is valid */
export async function startTokenServer(directory: string, seconds: number): Promise<TokenServer> {
  const [keyFile, certificateFile] = ["token.key", "token.crt"].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", keyFile, "-out", certificateFile],
      ...["-days", "2", "-subj", "/CN=Test tokens"],
    ],
    { stdio: "pipe" },
  );
  const key = createPrivateKey(readFileSync(keyFile));
  const header = { typ: "JWT", alg: "RS256", kid: fingerprintOf(readFileSync(certificateFile)) };
  const identityToken = randomUUID();
  const given: string[] = [];
  const tokens: string[] = [];
  let audience = service;

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const form = request.method === "POST" ? new URLSearchParams(await text(request)) : url.searchParams;
    if (!isUser(request) && form.get("refresh_token") !== identityToken) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"errors":[{"code":"DENIED"}]}');
      return;
    }
    const scopes = form.getAll("scope").flatMap((scope) => scope.split(" "));
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      ...{ iss: issuer, sub: registryUser.username, aud: audience },
      ...{ exp: now + seconds, nbf: now - 10, iat: now, jti: randomUUID() },
      access: scopes.map((scope) => {
        const [type, name, actions = ""] = scope.split(":");
        return { type, name, actions: actions.split(",") };
      }),
    };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signature = sign("RSA-SHA256", Buffer.from(signed.join(".")), key).toString("base64url");
    const token = [...signed, signature].join(".");
    given.push(...scopes);
    tokens.push(token);
    const answer = { expires_in: seconds, issued_at: new Date(now * 1_000).toISOString() };
    const named = request.method === "POST" ? { access_token: token } : { token };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...named, ...answer }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    registryOptions: {
      realm: `http://127.0.0.1:${port}/token`,
      service,
      issuer,
      rootcertbundle: certificateFile,
    },
    given,
    tokens,
    identityToken,
    revoke() {
      audience = "another registry";
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function isUser({ headers }: IncomingMessage): boolean {
  const { username, password } = registryUser;
  return headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** The id of a key, as Docker's libtrust makes it: 240 bits of its sha256 in base 32, in groups of four. */
function fingerprintOf(certificate: Buffer): string {
  const der = createPublicKey(certificate).export({ type: "spki", format: "der" });
  const bits = [...createHash("sha256").update(der).digest().subarray(0, 30)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const letters = (bits.match(/.{5}/g) ?? []).map(
    (five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)],
  );
  return (letters.join("").match(/.{4}/g) ?? []).join(":");
}
