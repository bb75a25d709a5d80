// What makes a test's Redis refuse strangers: certificates that openssl makes, and ACL users.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RedisLogin } from "./redis-process.js";

/** Files in PEM. The server's certificate is for `127.0.0.1` and `redis.test`. */
export interface Certificates {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** What a Redis of a test asks of those that connect. */
export interface RedisSecurity {
  /** Only TLS, and only clients with a certificate of its authority. */
  readonly tls?: boolean | undefined;
  /** Of the user `default`, who may do everything. */
  readonly password?: string | undefined;
  /** Lines of an ACL file without the word `user`: `worker on >secret ~{stevedore:*}* &* +@all`. */
  readonly users?: readonly string[] | undefined;
}

/** How a server is told, how its client connects, and what its URLs say. */
export interface SecuredRedis {
  readonly args: readonly string[];
  /** By the certificates that are there now. */
  login(): RedisLogin;
  readonly certificates: Certificates | undefined;
  /** `redis` or `rediss`. */
  readonly scheme: "redis" | "rediss";
  /** The query of the URL, with its question mark, or nothing. */
  readonly query: string;
  /** The arguments of redis-cli for the same. */
  readonly cliArgs: readonly string[];
  /** `user:password@`; of the user `default` if there is a password and no other is asked for. */
  userInfo(user?: string, password?: string): string;
  /** The arguments that make a server listen. */
  listen(port: number): readonly string[];
}

/** Makes the files in the directory. */
export function secureRedis(
  directory: string,
  { tls = false, password, users }: RedisSecurity,
): SecuredRedis {
  const certificates = tls ? makeCertificates(directory) : undefined;
  const args: string[] = [];
  if (users !== undefined) {
    const rights = password === undefined ? "nopass" : `>${password}`;
    const lines = [`default on ${rights} ~* &* +@all`, ...users].map((line) => `user ${line}\n`);
    writeFileSync(join(directory, "users.acl"), lines.join(""));
    args.push("--aclfile", join(directory, "users.acl"));
  } else if (password !== undefined) {
    args.push("--requirepass", password);
  }
  if (password !== undefined) args.push("--masterauth", password);
  if (certificates !== undefined) {
    const { ca, serverCert, serverKey } = certificates;
    args.push("--tls-cert-file", serverCert, "--tls-key-file", serverKey, "--tls-ca-cert-file", ca);
    args.push("--tls-auth-clients", "yes", "--tls-replication", "yes", "--tls-cluster", "yes");
  }
  return {
    args,
    certificates,
    login: () => ({
      ...(password === undefined ? {} : { password }),
      ...(certificates === undefined ? {} : { tls: clientFiles(certificates) }),
    }),
    scheme: certificates === undefined ? "redis" : "rediss",
    query: certificates === undefined ? "" : `?${query(certificates)}`,
    cliArgs: [
      ...(password === undefined ? [] : ["-a", password, "--no-auth-warning"]),
      ...(certificates === undefined
        ? []
        : [
            "--tls",
            ...[
              "--cacert",
              certificates.ca,
              "--cert",
              certificates.clientCert,
              "--key",
              certificates.clientKey,
            ],
          ]),
    ],
    userInfo(user, secret = password) {
      if (user === undefined && secret === undefined) return "";
      return `${encodeURIComponent(user ?? "")}:${encodeURIComponent(secret ?? "")}@`;
    },
    listen: (port) =>
      certificates === undefined
        ? ["--port", String(port), "--bind", "127.0.0.1"]
        : ["--port", "0", "--tls-port", String(port), "--bind", "127.0.0.1"],
  };
}

/** Makes an authority, and a server's and a client's certificate of it, in the directory. Made again, all are others. */
export function makeCertificates(directory: string): Certificates {
  const file = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    ...["req", "-x509", ...newKey, "-keyout", file("ca.key"), "-out", file("ca.crt")],
    ...["-days", "2", "-subj", "/CN=Test authority"],
  );
  for (const [name, extensions] of [
    ["server", "subjectAltName=IP:127.0.0.1,DNS:redis.test"],
    ["client", "extendedKeyUsage=clientAuth"],
  ] as const) {
    openssl(
      ...["req", ...newKey, "-keyout", file(`${name}.key`), "-out", file(`${name}.csr`)],
      ...["-subj", `/CN=Test ${name}`],
    );
    writeFileSync(file(`${name}.ext`), `${extensions}\n`);
    openssl(
      ...["x509", "-req", "-in", file(`${name}.csr`), "-CA", file("ca.crt"), "-CAkey", file("ca.key")],
      ...["-days", "2", "-extfile", file(`${name}.ext`), "-out", file(`${name}.crt`)],
    );
  }
  return {
    ca: file("ca.crt"),
    serverCert: file("server.crt"),
    serverKey: file("server.key"),
    clientCert: file("client.crt"),
    clientKey: file("client.key"),
  };
}

function query({ ca, clientCert, clientKey }: Certificates): string {
  return String(new URLSearchParams({ ca, cert: clientCert, key: clientKey }));
}

function clientFiles({ ca, clientCert, clientKey }: Certificates) {
  return { ca: readFileSync(ca), cert: readFileSync(clientCert), key: readFileSync(clientKey) };
}
