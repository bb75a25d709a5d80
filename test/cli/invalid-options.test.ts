// What is wrong with a flag, a variable of the environment, a token or an address is INVALID_OPTION, names that flag or
// variable, and ends a command with 2. What is wrong with a job's data is told by the job's own codes, and ends it with 1.
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { startServer } from "../../src/server/index.js";
import { startWorker } from "../../src/worker/index.js";
import { runCommand } from "../support/processes/command.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const redis = "redis://127.0.0.1:1";
const token = "a-token-of-sufficient-length";
let root: string;
let takenPort: number;

/** Files that are named by the flags below. */
const file = (name: string) => join(scratch.path, name);

beforeAll(async () => {
  root = join(scratch.path, "root");
  mkdirSync(join(root, "graph"), { recursive: true });
  writeFileSync(file("short.tokens"), "# some\nread eleven-char\n");
  writeFileSync(file("both.tokens"), `${token}\nread ${token}\n`);
  writeFileSync(file("empty.tokens"), "# none\n");
  writeFileSync(file("record.json"), "{}");
  writeFileSync(file("not.json"), "{");
  writeFileSync(file("layer.tar"), Buffer.alloc(1024));
  const taken = createServer().unref();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  takenPort = (taken.address() as { port: number }).port;
  return () => taken.close();
});

type Wrong = readonly [
  what: string,
  args: () => readonly string[],
  named: RegExp,
  env?: Readonly<Record<string, string>>,
];

const serve = (...flags: readonly string[]) => ["server", "--redis", redis, "--listen", "0", ...flags];

const wrong: readonly Wrong[] = [
  ["an unknown command", () => ["imagine"], /imagine/],
  ["an unknown flag", () => ["images", "--colour"], /--colour/],
  ["a graph's name", () => ["images", "--graph", "a b"], /^--graph: .*1 to 64/],
  ["a graph's name of the environment", () => ["images"], /^STEVEDORE_GRAPH: /, { STEVEDORE_GRAPH: "a b" }],
  ["a host's name", () => ["worker", "--redis", redis, "--host", "a:b"], /^--host: .*1 to 64/],
  ["a host's name of the environment", () => ["images"], /^STEVEDORE_HOST: /, { STEVEDORE_HOST: "-a" }],
  ["an empty root", () => ["images", "--root", ""], /^--root: /],
  ["a Redis URL", () => ["jobs", "--redis", "http://x"], /^--redis: .*redis:\/\//],
  ["a Redis URL of the environment", () => ["jobs"], /^REDIS_URL: /, { REDIS_URL: "http://x" }],
  [
    "the first of two",
    () => ["jobs"],
    /^STEVEDORE_REDIS_URL: /,
    { STEVEDORE_REDIS_URL: "x", REDIS_URL: redis },
  ],
  [
    "a file of a Redis URL",
    () => ["jobs", "--redis", "rediss://h?ca=/nowhere/ca.pem"],
    /\/nowhere\/ca.pem \(ca of/,
  ],
  ["a host that is a URL", () => ["worker", "--allow-host", "http://files.example"], /--allow-host/],
  ["a limit of nothing", () => ["up", "--tool-silence", "0"], /--tool-silence/],
  ["an address that is none", () => ["server", "--listen", "somewhere"], /--listen/],
  [
    "an address that is taken",
    () => serve("--listen", String(takenPort)),
    /^--listen: cannot listen on 127.*EADDRINUSE/,
  ],
  [
    "an open address without a token",
    () => serve("--listen", "0.0.0.0:0"),
    /^--listen: .*--token-file or STEVEDORE_TOKEN/,
  ],
  ["a proxy", () => serve("--trust-proxy", "proxy.example"), /^--trust-proxy "proxy.example"/],
  ["a proxy's network", () => serve("--trust-proxy", "10.0.0.0/33"), /^--trust-proxy "10.0.0.0\/33"/],
  [
    "a token of eleven characters",
    () => serve("--token-file", file("short.tokens")),
    /^--token-file .*line 2: .*at least 16/,
  ],
  [
    "a token file that is not there",
    () => serve("--token-file", file("nowhere")),
    /^--token-file .*nowhere cannot be read/,
  ],
  [
    "a token file without a token",
    () => serve("--token-file", file("empty.tokens")),
    /^--token-file .* holds no token/,
  ],
  [
    "a token with both roles",
    () => serve("--token-file", file("both.tokens")),
    /both as full and as read \(--token-file/,
  ],
  ["a token of the environment", () => serve(), /^STEVEDORE_TOKEN: /, { STEVEDORE_TOKEN: "eleven-char" }],
  ["a reader's token", () => serve(), /^STEVEDORE_READ_TOKEN: /, { STEVEDORE_READ_TOKEN: "a b" }],
  ["no images", () => ["checksum"], /--all/],
  ["images and all of them", () => ["verify", "a", "--all"], /--all/],
  [
    "a whole record and a part of it",
    () => ["store", "a.tar", "--json-file", file("record.json"), "--id", "a"],
    /--json-file/,
  ],
  ["an export to nowhere", () => ["export", "a"], /-o FILE/],
  ["a state that there is not", () => ["jobs", "--state", "lost"], /--state/],
  ["data and ids", () => ["schedule", "verify", "a", "--cron", "@daily", "--data", "{}"], /--data/],
];

describe("a command ends with 2 and INVALID_OPTION for", () => {
  it.each(wrong.map(([what, args, named, env = {}]) => ({ what, args, named, env })))(
    "$what",
    async ({ args, named, env }) => {
      const { code, json, stderr } = await runCommand(["--root", root, "--json", ...args()], { env });
      expect({ code, json }).toEqual({
        code: 2,
        json: { error: { code: "INVALID_OPTION", message: expect.stringMatching(named) } },
      });
      expect(stderr).toContain(json.error.message);
      expect(stderr).not.toContain("eleven-char");
    },
  );
});

describe("a command ends with 1 and the job's own code for", () => {
  it.each([
    ["a time", "INVALID_JOB", () => ["store", file("layer.tar"), "--created", "yesterday"]],
    ["a record", "INVALID_JOB", () => ["schedule", "verify", "--cron", "@daily", "--data", "{"]],
    ["an id", "INVALID_ID", () => ["store", file("layer.tar"), "--id", "../x"]],
    ["a recipe", "UNKNOWN_RECIPE", () => ["checksum", "a", "--recipe", "zip"]],
  ] as const)("%s", async (_, expected, args) => {
    const { code, json } = await runCommand(["--root", root, "--json", ...args()]);
    expect({ code, error: json.error.code }).toEqual({ code: 1, error: expected });
  });
});

describe("an option is refused with INVALID_OPTION by", () => {
  const full = { role: "full", secret: token } as const;
  const refused = (message: RegExp) => ({ code: "INVALID_OPTION", message: expect.stringMatching(message) });

  it.each([
    ["a URL", { redis: "http://x" }, /redis:\/\//],
    ["a certificate", { redis: "rediss://h?ca=/nowhere" }, /\/nowhere/],
    ["a graph's name", { redis, graph: "a b" }, /"a b" is not a valid graph name/],
  ])("openProducer: %s", (_, options, message) => {
    expect(() => openProducer(options)).toThrow(
      expect.objectContaining({ name: "JobError", ...refused(message) }),
    );
  });

  it.each([
    ["a graph's name", { graph: "a/b" }, /"a\/b" is not a valid graph name/],
    ["a host's name", { host: "a:b" }, /"a:b" is not a valid host name/],
    [
      "a host to ask",
      { allowedHosts: ["http://files.example"] },
      /"http:\/\/files.example" is not a valid host/,
    ],
    ["a URL", { redis: "http://x" }, /redis:\/\//],
  ])("startWorker: %s", async (_, options, message) => {
    await expect(startWorker({ redis, root, ...options })).rejects.toMatchObject(refused(message));
  });

  it.each([
    ["an open address", { listen: { host: "0.0.0.0", port: 0 } }, /loopback/],
    [
      "an address that is not this host's",
      { listen: { host: "192.0.2.1", port: 0 } },
      /cannot listen on 192.0.2.1/,
    ],
    ["a token of two roles", { tokens: [full, { ...full, role: "read" }] }, /both as full and as read/],
    ["a proxy", { trustedProxies: ["10.0.0.0/255.0.255.0"] }, /"10.0.0.0\/255.0.255.0" is not a valid proxy/],
    ["a graph's name", { graph: "a b" }, /"a b" is not a valid graph name/],
    ["a URL", { redis: "http://x" }, /redis:\/\//],
  ] as const)("startServer: %s", async (_, options, message) => {
    const tokens = "listen" in options && options.listen.host !== "0.0.0.0" ? [full] : [];
    await expect(startServer({ redis, root, tokens, ...options })).rejects.toMatchObject(refused(message));
  });

  it.each(["127.0.0.1", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "fd00::/8", "::1", "loopback"])(
    "startServer, but not the proxy %s",
    async (proxy) => {
      const server = await startServer({ redis, root, trustedProxies: [proxy] });
      await server.close();
    },
  );
});
