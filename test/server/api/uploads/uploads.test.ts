import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { runJob, useDock } from "../../../support/dock.js";
import { curl } from "../../../support/http/curl.js";
import { type HttpService, servingHttp } from "../../../support/http/http-server.js";

const MiB = 1024 ** 2;
const dock = useDock();
/** A file of 3 MiB, and what it holds. */
let file: string;
const content = randomBytes(3 * MiB);
beforeAll(async () => {
  file = join(dock.scratch, "content");
  writeFileSync(file, content);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const sha256 = createHash("sha256").update(content).digest();
const inboxOf = ({ root }: HttpService) => {
  const inbox = join(root, "inbox");
  return existsSync(inbox) ? readdirSync(inbox) : [];
};
const alone = { worker: false } as const;

/** Begins an upload by hand: the head of a request that announces 1,000 bytes, and some of them. */
async function beginUpload(url: string, path: string, some: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.on("error", () => undefined);
  socket.write(`PUT ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 1000\r\n\r\n${some}`);
  return socket;
}

describe("PUT /api/v1/uploads", () => {
  it("takes an archive that a job stores", async () => {
    await servingHttp(dock, async (service) => {
      const { url, producer, root } = service;
      const { status, body } = await curl("-T", dock.archive, `${url}/api/v1/uploads`);
      const bytes = readFileSync(dock.archive);
      expect({ status, body }).toEqual({
        status: 201,
        body: {
          upload: expect.any(String),
          bytes: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
          expiresAt: expect.stringMatching(/^\d{4}-/),
        },
      });
      expect(readFileSync(join(root, "inbox", body.upload)).equals(bytes)).toBe(true);
      expect(await runJob(producer, "store", { layer: { upload: body.upload } })).toMatchObject({
        entries: 5,
      });
      expect(inboxOf(service)).toEqual([]);
    });
  });

  it("takes a body of any type and of a length nobody announced", async () => {
    await servingHttp(
      dock,
      async ({ url, root }) => {
        for (const type of ["application/json", "application/x-tar", "text/plain; charset=x"]) {
          const args = ["-H", `Content-Type: ${type}`, "-H", "Transfer-Encoding: chunked"];
          const { status, body } = await curl(...args, "-T", file, `${url}/api/v1/uploads`);
          expect({ status, sha256: body.sha256 }).toEqual({ status: 201, sha256: sha256.toString("hex") });
          expect(readFileSync(join(root, "inbox", body.upload)).equals(content)).toBe(true);
        }
      },
      alone,
    );
  });

  it("refuses what is too large before it is sent to whoever asks first, else while it comes", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const to = `${service.url}/api/v1/uploads`;
        const expecting = await curl("-H", "Expect: 100-continue", "-T", file, to);
        expect(expecting).toMatchObject({ status: 413, body: { code: "LIMIT_EXCEEDED" }, sent: 0 });
        expect(await curl("-H", "Expect:", "-T", file, to)).toMatchObject({ status: 413 });
        const chunked = ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"];
        expect(await curl(...chunked, "-T", file, to)).toMatchObject({ status: 413 });
        const part = ["-H", `Content-Range: bytes 0-9/${3 * MiB}`, "-d", "0123456789", "-X", "PUT"];
        expect(await curl(...part, `${to}/mine`)).toMatchObject({ status: 413 });
        expect(inboxOf(service)).toEqual([]);
      },
      { ...alone, server: { maxUploadBytes: MiB } },
    );
  });

  it("refuses an empty body and a form", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const to = `${service.url}/api/v1/uploads`;
        expect(await curl("-X", "PUT", to)).toMatchObject({ status: 422 });
        expect(await curl("-T", "/dev/null", to)).toMatchObject({ status: 422 });
        const chunked = ["-H", "Transfer-Encoding: chunked", "-T", "/dev/null"];
        expect(await curl(...chunked, to)).toMatchObject({ status: 422, body: { code: "BAD_ARCHIVE" } });
        expect(await curl("-X", "PUT", "-F", `file=@${file}`, to)).toMatchObject({
          status: 415,
          body: { detail: expect.stringContaining("curl -T") },
        });
        expect(inboxOf(service)).toEqual([]);
      },
      alone,
    );
  });

  it("holds the body against the digests that were announced", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const put = (field: string) => curl("-H", field, "-T", file, `${service.url}/api/v1/uploads`);
        const right = sha256.toString("base64");
        const sha512 = createHash("sha512").update(content).digest("base64");
        for (const field of [
          `Content-Digest: sha-256=:${right}:`,
          `Repr-Digest: sha-512=:${sha512}:, sha-256=:${right}:`,
          `Digest: SHA-256=${right}`,
        ]) {
          expect(await put(field), field).toMatchObject({ status: 201 });
        }
        expect(inboxOf(service)).toHaveLength(3);
        const wrong = createHash("sha256").update("other").digest("base64");
        for (const field of [
          `Content-Digest: sha-256=:${wrong}:`,
          `Repr-Digest: sha-512=:${sha512}:, sha-256=:${wrong}:`,
          `Digest: sha-256=${wrong}`,
        ]) {
          expect(await put(field), field).toMatchObject({ status: 422, body: { code: "SOURCE_MISMATCH" } });
        }
        for (const field of [
          "Content-Digest: sha-256=abc",
          "Repr-Digest: md5=:AAAA:",
          "Digest: sha-256=:A:",
        ]) {
          expect(await put(field), field).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
        }
        expect(inboxOf(service)).toHaveLength(3);
      },
      alone,
    );
  });

  it("takes no name that leads elsewhere, and nothing from a token that may only look", async () => {
    const tokens = [{ role: "read", secret: "0123456789abcdef" }] as const;
    await servingHttp(
      dock,
      async (service) => {
        for (const name of ["..%2Fescaped", "%2e%2e%2fescaped", ".hidden", "a%2Fb", "a%00", "-", "%C3%A4"]) {
          const { status } = await curl("-T", file, `${service.url}/api/v1/uploads/${name}`);
          expect(status, name).toBe(400);
        }
        const { status } = await curl("--path-as-is", "-T", file, `${service.url}/api/v1/uploads/../escaped`);
        expect(status).toBe(404);
        expect(inboxOf(service)).toEqual([]);
        expect(readdirSync(service.root)).not.toContain("escaped");
      },
      alone,
    );
    await servingHttp(
      dock,
      async (service) => {
        const token = ["-H", "Authorization: Bearer 0123456789abcdef", "-H", "Expect: 100-continue"];
        const answer = await curl(...token, "-T", file, `${service.url}/api/v1/uploads`);
        expect(answer).toMatchObject({ status: 403, body: { code: "FORBIDDEN" }, sent: 0 });
        expect(await curl("-T", file, `${service.url}/api/v1/uploads`)).toMatchObject({ status: 401 });
        expect(inboxOf(service)).toEqual([]);
      },
      { ...alone, server: { tokens } },
    );
  });

  it("ends an upload of which nothing comes for a minute, and does not listen for long after its answer", async () => {
    await servingHttp(
      dock,
      async (service) => {
        vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
        const timers = vi.spyOn(globalThis, "setTimeout");
        /** Lets a time pass, once somebody waits for it. */
        const elapse = async (ms: number) => {
          await expect.poll(() => timers.mock.calls.map(([, time]) => time)).toContain(ms);
          vi.advanceTimersByTime(ms);
        };
        const socket = await beginUpload(service.url, "/api/v1/uploads", "some");
        await expect.poll(() => inboxOf(service)).toEqual([expect.stringMatching(/^\..*\.part$/)]);
        const answered = once(socket, "data");
        await elapse(60_000);
        const [answer] = await answered;
        expect(String(answer)).toMatch(/^HTTP\/1.1 408 /);
        await expect.poll(() => inboxOf(service)).toEqual([]);
        const closed = once(socket, "close");
        await elapse(2_000);
        await closed;
      },
      alone,
    );
  });

  it("leaves nothing of an upload without a name whose connection breaks", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const socket = await beginUpload(service.url, "/api/v1/uploads", "some");
        await expect.poll(() => inboxOf(service)).toHaveLength(1);
        socket.destroy();
        await expect.poll(() => inboxOf(service)).toEqual([]);
      },
      alone,
    );
  });

  it("says 507 on a full disk, and keeps what came of an upload with a name", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const inbox = join(service.root, "inbox");
        mkdirSync(inbox);
        await execa("mount", ["-t", "tmpfs", "-o", "size=1m", "none", inbox]);
        try {
          const unnamed = await curl("-T", file, `${service.url}/api/v1/uploads`);
          expect(unnamed).toMatchObject({ status: 507, body: { code: "NO_SPACE" } });
          expect(inboxOf(service)).toEqual([]);
          expect(await curl("-T", file, `${service.url}/api/v1/uploads/mine`)).toMatchObject({ status: 507 });
          const { body } = await service.ask("/api/v1/uploads/mine");
          expect(body).toMatchObject({ complete: false, bytes: MiB });
          expect(readFileSync(join(inbox, ".mine.part")).equals(content.subarray(0, MiB))).toBe(true);
        } finally {
          await execa("umount", [inbox]);
        }
      },
      alone,
    );
  });

  it("removes what is abandoned when a server starts", async () => {
    const root = join(dock.scratch, "swept");
    mkdirSync(join(root, "graph"), { recursive: true });
    mkdirSync(join(root, "inbox"));
    for (const name of ["whole", ".partial.part"]) writeFileSync(join(root, "inbox", name), "");
    utimesSync(join(root, "inbox/whole"), 1, 1);
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => now + 3_700_000);
    try {
      await servingHttp(dock, async () => expect.poll(() => readdirSync(join(root, "inbox"))).toEqual([]), {
        ...alone,
        server: { root },
      });
    } finally {
      clock.mockRestore();
    }
  });

  it("takes 300 MB at less than 64 MiB of memory", async () => {
    await servingHttp(
      dock,
      async ({ url }) => {
        const to = `${url}/api/v1/uploads`;
        const upload = (bytes: number) =>
          execa("bash", ["-c", `head -c ${bytes} /dev/zero | curl -sS -T - ${to}`]);
        // So that what any upload takes is there already: what is measured is that a larger one takes no more.
        await upload(30_000_000);
        const before = process.memoryUsage().rss;
        let most = before;
        const watch = setInterval(() => {
          most = Math.max(most, process.memoryUsage().rss);
        }, 20);
        const { stdout } = await upload(300_000_000);
        clearInterval(watch);
        expect(JSON.parse(stdout)).toMatchObject({ bytes: 300_000_000 });
        expect(most - before).toBeLessThan(64 * MiB);
      },
      alone,
    );
  });
});
