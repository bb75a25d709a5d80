// A real registry of a test's own: Debian's docker-registry, on a free port, with its files in a temporary directory.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { RegistryPolicy } from "../../../src/interchange/registry/index.js";
import { parseAllowedHost } from "../../../src/outbound/index.js";
import { makeCertificates } from "../redis/redis-security.js";
import { until } from "../until.js";
import { htpasswd, registryUser } from "./registry-user.js";
import { startTokenServer, type TokenServer } from "./token-server.js";

/** Who may ask a registry, and how: anybody by HTTP or by TLS, or who has a password, or a token for one. */
export type RegistryMode = "plain" | "tls" | "basic" | "token";

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  readonly url: string;
  readonly directory: string;
  /** The certificate of its authority, in mode `tls`. */
  readonly caFile: string | undefined;
  /** A `config.json` of Docker with the password, in the modes `basic` and `token`. */
  readonly authFile: string | undefined;
  /** In mode `token`. */
  readonly tokens: TokenServer | undefined;
  /** What a worker needs for it. */
  readonly policy: RegistryPolicy;
  /** The requests since the last call, as `GET /v2/a/manifests/latest 200`, those of refused strangers among them. */
  requests(): Promise<string[]>;
  /** Ends it as a crash would; its files stay. */
  kill(): Promise<void>;
  /** Starts it again, on another port. */
  start(): Promise<void>;
}

/** What a worker has by default, for tests that wait for nothing. */
export const openPolicy: RegistryPolicy = {
  allowedHosts: [parseAllowedHost("127.0.0.1")],
  insecureHosts: [],
  mirrors: new Map(),
  authFile: undefined,
  caFile: undefined,
  allowPrivateAddresses: false,
  limits: { downloadMs: 60_000, downloadSilenceMs: 10_000, downloadResumes: 5 },
  concurrency: 3,
};

/** The text of a `config.json` of Docker with the user's password for a host. */
export function authConfig(host: string): string {
  const auth = Buffer.from(`${registryUser.username}:${registryUser.password}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { auth } } });
}

/** Starts a registry. @param tokenSeconds how long a token is valid, in mode `token` */
export async function startRegistry(
  mode: RegistryMode = "plain",
  { tokenSeconds = 300 }: { readonly tokenSeconds?: number } = {},
): Promise<TestRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-registry-"));
  const certificates = mode === "tls" ? makeCertificates(directory) : undefined;
  const tokens = mode === "token" ? await startTokenServer(directory, tokenSeconds) : undefined;
  await writeFile(join(directory, "htpasswd"), htpasswd);
  const auth =
    mode === "basic"
      ? { htpasswd: { realm: "stevedore", path: join(directory, "htpasswd") } }
      : tokens && { token: tokens.registryOptions };
  const tls = certificates && { certificate: certificates.serverCert, key: certificates.serverKey };
  const configFile = join(directory, "config.yml");
  // JSON is YAML.
  const config = {
    version: "0.1",
    log: { level: "info", fields: { service: "registry" } },
    storage: { filesystem: { rootdirectory: join(directory, "storage") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", secret: "of a test", ...(tls && { tls }) },
    ...(auth && { auth }),
  };
  await writeFile(configFile, JSON.stringify(config));
  const hasPassword = mode === "basic" || mode === "token";
  const authFile = hasPassword ? join(directory, "config.json") : undefined;

  let child: ReturnType<typeof spawn> | undefined;
  let host = "";
  let markers = 0;
  let log: string[] = [];
  const scheme = tls === undefined ? "http" : "https";

  async function start(): Promise<void> {
    const started = spawn("docker-registry", ["serve", configFile], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    const said: string[] = [];
    const listening = new Promise<string>((resolve, reject) => {
      const hear = (line: string) => {
        said.push(line);
        const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(`127.0.0.1:${port}`);
        const [, request, status] = /"([A-Z]+ \S+) HTTP\/[\d.]+" (\d+)/.exec(line) ?? [];
        if (request !== undefined) log.push(`${request} ${status}`);
      };
      createInterface({ input: started.stdout }).on("line", hear);
      createInterface({ input: started.stderr }).on("line", hear);
      started.on("error", reject);
      started.on("exit", () => reject(new Error(`docker-registry ended:\n${said.slice(-20).join("\n")}`)));
    });
    host = await listening;
    if (authFile !== undefined) await writeFile(authFile, authConfig(host), { mode: 0o600 });
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  await start();
  return {
    get host() {
      return host;
    },
    get url() {
      return `${scheme}://${host}`;
    },
    directory,
    caFile: certificates?.ca,
    authFile,
    tokens,
    get policy() {
      const insecureHosts = tls === undefined ? [parseAllowedHost(host)] : [];
      return { ...openPolicy, insecureHosts, authFile, caFile: certificates?.ca };
    },
    async requests() {
      const marker = `/v2/stevedore/marker/${markers++}`;
      await touch(`${scheme}://${host}${marker}`);
      const isMarker = (line: string) => line.startsWith(`GET ${marker} `);
      await until(`the registry has not logged ${marker}`, async () => log.some(isMarker));
      const before = log.slice(0, log.findIndex(isMarker));
      log = log.slice(before.length + 1);
      return before;
    },
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      await tokens?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Sends a request, whatever is answered. */
async function touch(url: string): Promise<void> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  const pending = request(url, { agent: false, rejectUnauthorized: false });
  const [response] = await Promise.all([once(pending, "response"), pending.end()]);
  response[0].resume();
}
