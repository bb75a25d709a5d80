// The receivers of docs/clients, each started as a user does, and told by a real worker and by forgers.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { useDock } from "../support/dock.js";

const dock = useDock();
const clients = join(import.meta.dirname, "../../docs/clients");
const secret = Buffer.alloc(32, 7);
const text = `whsec_${secret.toString("base64")}`;
const commands = { "receiver.mjs": process.execPath, "receiver.py": "python3" } as const;

/** Starts a receiver, and gives its lines as they come. */
async function running(
  name: keyof typeof commands,
  use: (url: string, line: () => Promise<string>) => Promise<void>,
) {
  const child = spawn(commands[name], [join(clients, name)], {
    env: { PATH: process.env.PATH, NOTIFY_SECRET: text, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  try {
    const [, port] = /port (\d+)/.exec(await line()) ?? [];
    await use(`http://127.0.0.1:${port}`, line);
  } finally {
    child.kill();
  }
}

describe.each(Object.keys(commands) as (keyof typeof commands)[])("%s", (name) => {
  it("is told of in docs/callbacks.md", async () => {
    expect(await readFile(join(clients, "../callbacks.md"), "utf8")).toContain(`(clients/${name})`);
  });

  it("takes what a worker sends", () =>
    running(name, async (url, line) => {
      const file = join(dock.scratch, `secret-of-${name}`);
      writeFileSync(file, `${text}\nwhsec_${Buffer.alloc(24, 1).toString("base64")}\n`, { mode: 0o600 });
      await dock.serving(
        async ({ producer }) => {
          const job = await producer.enqueue("checksum", { id: "nothing" }, { notify: { url } });
          expect(await line()).toMatch(new RegExp(`^checksum ${job.id} IMAGE_NOT_FOUND: `));
          await expect
            .poll(async () => (await producer.job(job.id))?.notify)
            .toMatchObject([{ state: "delivered", attempts: 1 }]);
        },
        { notifyHosts: ["127.0.0.1"], notifySecretFile: file, allowPrivateAddresses: true },
      );
    }));

  it("takes a message once, and none that is forged, changed or old", () =>
    running(name, async (url, line) => {
      const now = Math.floor(Date.now() / 1_000);
      const job = (id: string) => JSON.stringify({ id, name: "gc", state: "completed", failedReason: null });
      const post = async (
        body: string,
        { at = now, key = secret, signed = body, id = "cb_1", prefix = "v1" } = {},
      ) => {
        const signature = createHmac("sha256", key).update(`${id}.${at}.${signed}`).digest("base64");
        const headers = {
          ...{ "webhook-id": id, "webhook-timestamp": String(at) },
          "webhook-signature": `v1a,x ${prefix},${signature}`,
        };
        return (await fetch(url, { method: "POST", body, headers })).status;
      };
      expect(await post(job("a"), { key: Buffer.alloc(32, 8) })).toBe(401);
      expect(await post(job("a"), { signed: job("b") })).toBe(401);
      expect(await post(job("a"), { prefix: "v2" })).toBe(401);
      expect(await post(job("a"), { at: now - 400 })).toBe(401);
      expect(await post(job("a"), { at: now + 400 })).toBe(401);
      expect(await post(job("a"), { at: now - 200 })).toBe(204);
      expect(await post(job("a"))).toBe(204);
      expect(await post(job("c"), { id: "cb_2" })).toBe(204);
      expect([await line(), await line()]).toEqual(["gc a completed", "gc c completed"]);
    }));
});
