import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseContentRange } from "../../../../src/server/api/uploads/content-range.js";
import { runJob, useDock } from "../../../support/dock.js";
import { curl } from "../../../support/http/curl.js";
import { type HttpService, servingHttp } from "../../../support/http/http-server.js";

const dock = useDock();

const content = randomBytes(100_000);
const total = content.length;
const digestOf = (bytes: Uint8Array) => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
const alone = { worker: false } as const;

/** Sends the part of the content from `first` up to and without `end`. */
function putPart(
  { url, ask }: HttpService,
  first: number,
  end: number,
  { name = "mine", whole = String(total), headers = {} } = {},
) {
  void url;
  return ask(`/api/v1/uploads/${name}`, {
    method: "PUT",
    body: content.subarray(first, end),
    headers: { "content-range": `bytes ${first}-${end - 1}/${whole}`, ...headers },
  });
}

describe("an upload in parts", () => {
  it("is whole with its last part, and a job can take it then", async () => {
    await servingHttp(dock, async (service) => {
      const { ask, producer, root } = service;
      const archive = readFileSync(dock.archive);
      const half = archive.length / 2;
      const put = (first: number, end: number) =>
        ask("/api/v1/uploads/archive", {
          method: "PUT",
          body: archive.subarray(first, end),
          headers: { "content-range": `bytes ${first}-${end - 1}/${archive.length}` },
        });
      expect(await put(0, half)).toMatchObject({ status: 202, body: { bytes: half, complete: false } });
      expect(readdirSync(join(root, "inbox"))).toEqual([".archive.part"]);
      const last = await put(half, archive.length);
      expect(last).toMatchObject({
        status: 201,
        body: {
          upload: "archive",
          bytes: archive.length,
          sha256: createHash("sha256").update(archive).digest("hex"),
        },
      });
      expect(last.headers.get("location")).toBe("/api/v1/uploads/archive");
      expect(await runJob(producer, "store", { layer: { upload: "archive" } })).toMatchObject({ entries: 5 });
    });
  });

  it("tells where its next part begins", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const { ask, url } = service;
        expect(await ask("/api/v1/uploads/mine")).toMatchObject({ status: 404 });
        await putPart(service, 0, 1_000);
        for (const method of ["GET", "HEAD"]) {
          const { status, headers } = await ask("/api/v1/uploads/mine", { method });
          expect([status, headers.get("upload-offset")]).toEqual([200, "1000"]);
        }
        const inquiry = await curl(
          "-X",
          "PUT",
          "-H",
          `Content-Range: bytes */${total}`,
          `${url}/api/v1/uploads/mine`,
        );
        expect(inquiry).toMatchObject({
          status: 200,
          body: { upload: "mine", bytes: 1_000, complete: false },
        });
        for (const first of [0, 999, 1_001]) {
          const wrong = await putPart(service, first, 2_000);
          expect(wrong).toMatchObject({ status: 409, body: { code: "CONFLICT", offset: 1_000 } });
          expect(wrong.headers.get("upload-offset")).toBe("1000");
        }
        await putPart(service, 1_000, total);
        expect((await ask("/api/v1/uploads/mine")).body).toMatchObject({ bytes: total, complete: true });
        expect(await putPart(service, 1_000, total)).toMatchObject({ status: 409, body: { offset: total } });
      },
      alone,
    );
  });

  it("is checked part by part and as a whole: a wrong part is taken back, a wrong whole is gone", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const wrong = digestOf(Buffer.from("other"));
        const right = { "content-digest": digestOf(content.subarray(0, 60_000)) };
        expect(await putPart(service, 0, 60_000, { headers: { "content-digest": wrong } })).toMatchObject({
          status: 422,
          body: { code: "SOURCE_MISMATCH" },
        });
        expect(readdirSync(join(service.root, "inbox"))).toEqual([]);
        expect(await putPart(service, 0, 60_000, { headers: right })).toMatchObject({ status: 202 });
        const second = { "content-digest": wrong, "repr-digest": digestOf(content) };
        expect(await putPart(service, 60_000, total, { headers: second })).toMatchObject({ status: 422 });
        expect((await service.ask("/api/v1/uploads/mine")).body.bytes).toBe(60_000);
        expect(
          await putPart(service, 60_000, total, { headers: { "repr-digest": digestOf(content) } }),
        ).toMatchObject({
          status: 201,
        });
        await putPart(service, 0, 60_000, { name: "other" });
        const last = await putPart(service, 60_000, total, {
          name: "other",
          headers: { "repr-digest": wrong },
        });
        expect(last).toMatchObject({ status: 422, body: { code: "SOURCE_MISMATCH" } });
        expect(readdirSync(join(service.root, "inbox"))).toEqual(["mine"]);
      },
      alone,
    );
  });

  it("goes on where its connection broke, whatever had come", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const { hostname, port } = new URL(service.url);
        const socket = connect(Number(port), hostname);
        socket.on("error", () => undefined);
        const head = `PUT /api/v1/uploads/mine HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${total}\r\n\r\n`;
        socket.write(Buffer.concat([Buffer.from(head), content.subarray(0, 70_000)]));
        const bytes = async () => (await service.ask("/api/v1/uploads/mine")).body.bytes;
        await expect.poll(bytes).toBe(70_000);
        // While it is being written nobody else may.
        expect(await putPart(service, 70_000, total)).toMatchObject({
          status: 409,
          body: { code: "CONFLICT" },
        });
        expect((await service.ask("/api/v1/uploads/mine", { method: "DELETE" })).status).toBe(409);
        socket.destroy();
        await once(socket, "close");
        await expect
          .poll(
            async () =>
              (await putPart(service, 70_000, total, { headers: { "repr-digest": digestOf(content) } }))
                .status,
          )
          .toBe(201);
        expect(readFileSync(join(service.root, "inbox/mine")).equals(content)).toBe(true);
      },
      alone,
    );
  });

  it("goes on with curl alone", async () => {
    await servingHttp(
      dock,
      async ({ url, root }) => {
        const file = join(dock.scratch, "rest");
        const to = `${url}/api/v1/uploads/mine`;
        writeFileSync(file, content);
        const inquire = () => curl("-X", "PUT", "-H", "Content-Range: bytes */*", to);
        const slow = execa("curl", ["-sS", "--limit-rate", "1k", "-H", "Expect:", "-T", file, to], {
          reject: false,
        });
        await expect.poll(async () => (await inquire()).body.bytes).toBeGreaterThan(0);
        slow.kill("SIGKILL");
        await slow;
        // Until the server has seen that it is gone the upload is its.
        const goOn = async () => {
          const { bytes } = (await inquire()).body;
          writeFileSync(file, content.subarray(bytes));
          return await curl("-H", `Content-Range: bytes ${bytes}-${total - 1}/${total}`, "-T", file, to);
        };
        await expect.poll(async () => (await goOn()).status).toBe(201);
        expect((await inquire()).body).toMatchObject({ complete: true, bytes: total });
        expect(readFileSync(join(root, "inbox/mine")).equals(content)).toBe(true);
      },
      alone,
    );
  });

  it("takes nothing of a part that is longer or shorter than it says", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const to = `${service.url}/api/v1/uploads/mine`;
        const range = (bytes: number) => ["-H", `Content-Range: bytes 0-${bytes - 1}/${total}`];
        const body = ["-X", "PUT", "-H", "Transfer-Encoding: chunked", "-d", "0123456789"];
        expect(await curl(...range(11), ...body, to)).toMatchObject({ status: 400 });
        expect(await curl(...range(9), ...body, to)).toMatchObject({ status: 413 });
        expect(await curl(...range(9), "-X", "PUT", "-d", "0123456789", to)).toMatchObject({ status: 400 });
        expect(readdirSync(join(service.root, "inbox"))).toEqual([]);
      },
      alone,
    );
  });

  it("can be given up, and begun anew by a whole; without a name there are no parts", async () => {
    await servingHttp(
      dock,
      async (service) => {
        const { ask } = service;
        await putPart(service, 0, 1_000);
        expect(await ask("/api/v1/uploads/mine", { method: "DELETE" })).toMatchObject({
          status: 204,
          body: "",
        });
        expect(await ask("/api/v1/uploads/mine", { method: "DELETE" })).toMatchObject({ status: 404 });
        await putPart(service, 0, 1_000);
        const whole = await ask("/api/v1/uploads/mine", { method: "PUT", body: content });
        expect(whole).toMatchObject({ status: 201, body: { bytes: total } });
        const headers = { "content-range": `bytes 0-${total - 1}/${total}` };
        expect(await ask("/api/v1/uploads", { method: "PUT", body: content, headers })).toMatchObject({
          status: 400,
        });
      },
      alone,
    );
  });
});

describe("Content-Range", () => {
  it("is a range within the total, or asks", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, length, rest) => {
        const range = { first, last: first + length };
        const end = first + length + 1 + rest;
        expect(parseContentRange(`bytes ${first}-${range.last}/${end}`)).toEqual({ ...range, total: end });
        expect(parseContentRange(`bytes ${first}-${range.last}/*`)).toEqual({ ...range, total: undefined });
      }),
    );
    expect(parseContentRange("bytes */10")).toBe("inquiry");
  });

  it("is refused for anything else", () => {
    const wrong = [
      "",
      "bytes",
      "bytes 0-9",
      "bytes 9-0/10",
      "bytes 0-10/10",
      "bytes -1-2/9",
      "items 0-9/10",
      "bytes=0-9/10",
    ];
    for (const field of [...wrong, `bytes 0-9/${"9".repeat(16)}`, "bytes 0-9/10, bytes 0-9/10"]) {
      expect(() => parseContentRange(field), field).toThrow(expect.objectContaining({ status: 400 }));
    }
  });
});
