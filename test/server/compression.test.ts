// What is sent compressed, how, and what is not.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { execa } from "execa";
import { expect, it } from "vitest";
import { makeGraph } from "../../bench/make-graph.js";
import { openGraph } from "../../src/graph/index.js";
import { useDock } from "../support/dock.js";
import { servingHttp } from "../support/http/http-server.js";
import { addImage } from "../support/images/made-images.js";

const dock = useDock();

interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent. */
  readonly body: Buffer;
}

/** Asks without taking a coding apart, as `fetch` would. */
function receive(
  url: string,
  headers: Record<string, string> = {},
  method: "GET" | "HEAD" | "DELETE" = "GET",
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    asked.on("error", reject).end();
  });
}

function decoded({ headers, body }: Received): string {
  const coding = headers["content-encoding"];
  const plain = coding === "br" ? brotliDecompressSync(body) : coding === "gzip" ? gunzipSync(body) : body;
  return plain.toString();
}

it("is text above a kilobyte, by whichever coding the client likes best; archives go as they are", async () => {
  await servingHttp(
    dock,
    async ({ root, url }) => {
      const graph = await openGraph(root);
      await addImage(
        graph,
        { id: "base", comment: "a long comment ".repeat(200) },
        { file: "1".repeat(5_000) },
      );
      await graph.close();
      mkdirSync(join(root, "outbox"));
      writeFileSync(join(root, "outbox/base.tar"), "x".repeat(10_000));
      const kinds = [
        ["/api/v1/images/base", true],
        ["/api/v1/images?limit=10", true],
        ["/api/v1/graph", true],
        ["/api/openapi.json", true],
        ["/api/docs/static/index.html", false],
        ["/api/docs/static/swagger-ui-bundle.js", true],
        ["/queues/", true],
        ["/assets/picture/picture.css", true],
        ["/metrics", true],
        ["/login", false],
        ["/", false],
        ["/assets/favicon.svg", false],
        ["/healthz", false],
        ["/api/v1/exports/base.tar", false],
        ["/api/v1/images/base/layer", false],
        ["/api/v1/images/base/files/file", false],
        ["/api/v1/nothing", false],
      ] as const;
      for (const [path, isCompressed] of kinds) {
        const plain = await receive(url + path);
        expect([path, plain.headers["content-encoding"]]).toEqual([path, undefined]);
        for (const [accepted, coding] of [
          ["br", "br"],
          ["gzip", "gzip"],
          ["gzip, deflate, br, zstd", "br"],
          ["gzip;q=1, br;q=0.5", "gzip"],
          ["identity;q=0, gzip", "gzip"],
          ["*", "gzip"],
          ["identity", undefined],
          ["deflate", undefined],
          ["br;q=0, gzip;q=0", undefined],
        ] as const) {
          const answer = await receive(url + path, { "accept-encoding": accepted });
          expect([path, accepted, answer.headers["content-encoding"]]).toEqual([
            ...[path, accepted],
            isCompressed ? coding : undefined,
          ]);
          expect([path, answer.status]).toEqual([path, plain.status]);
          // These differ from one moment to the next.
          if (path !== "/metrics" && path !== "/api/v1/images?limit=10")
            expect([path, decoded(answer) === plain.body.toString()]).toEqual([path, true]);
          if (isCompressed && coding) expect(answer.body.length).toBeLessThan(plain.body.length);
        }
        // Caches are told also where the answer happens to be none that is compressed.
        if (isCompressed)
          expect([path, plain.headers.vary]).toEqual([path, expect.stringMatching(/accept-encoding/)]);
      }
    },
    { worker: false },
  );
});

it("agrees in HEAD, conditional and partial requests with what GET sends", async () => {
  await servingHttp(
    dock,
    async ({ root, url }) => {
      makeGraph(root, { count: 300, facts: 0.5 });
      const takes = { "accept-encoding": "br, gzip" };
      const graph = `${url}/api/v1/graph`;
      const whole = await receive(graph, takes);
      const { etag = "", vary } = whole.headers;
      expect([whole.headers["content-encoding"], etag, vary]).toEqual([
        ...["br", expect.stringMatching(/^W\/"/), "accept-encoding"],
      ]);
      // One tag for all codings, so that it does not matter by which the copy came.
      expect((await receive(graph)).headers.etag).toBe(etag);
      const same = await receive(graph, { ...takes, "if-none-match": etag });
      expect([same.status, same.headers.etag, same.headers.vary, same.headers["content-encoding"]]).toEqual([
        ...[304, etag, "accept-encoding", undefined],
      ]);
      const head = await receive(graph, takes, "HEAD");
      expect([head.status, head.headers["content-encoding"], head.headers.etag]).toEqual([200, "br", etag]);
      expect(head.body.length).toBe(0);

      const part = await receive(`${url}/assets/picture/picture.css`, { ...takes, range: "bytes=10-19" });
      expect([part.status, part.headers["content-encoding"], part.body.length]).toEqual([206, undefined, 10]);
      const small = await receive(`${url}/api/openapi.json`, takes);
      const headOfSmall = await receive(`${url}/api/openapi.json`, takes, "HEAD");
      expect(headOfSmall.headers["content-encoding"]).toBe(small.headers["content-encoding"]);
      expect(headOfSmall.headers["content-length"]).toBe(small.headers["content-length"]);
    },
    { worker: false },
  );
});

it("sends events as they come, and takes uploads as they are sent", async () => {
  await servingHttp(
    dock,
    async ({ url, ask }) => {
      const leave = new AbortController();
      const events = await fetch(`${url}/api/v1/events`, {
        ...{ headers: { "accept-encoding": "br, gzip" }, signal: leave.signal },
      });
      expect(events.headers.get("content-encoding")).toBe(null);
      const first = await events.body?.getReader().read();
      expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^retry:/);
      leave.abort();

      // A body that says it is compressed is not unpacked: a few bytes could become a full disk.
      const body = Buffer.from("no gzip at all");
      const { status, body: told } = await ask("/api/v1/uploads", {
        ...{
          method: "PUT",
          body,
          headers: { "content-type": "application/octet-stream", "content-encoding": "gzip" },
        },
      });
      expect([status, told.bytes]).toEqual([201, body.length]);
    },
    { worker: false },
  );
});

it("makes 10,000 images a third of their size at once, and streams them", async () => {
  await servingHttp(
    dock,
    async ({ root, url }) => {
      makeGraph(root, { count: 10_000, facts: 1 });
      const path = `${url}/api/v1/graph`;
      const plain = await receive(path);
      expect(plain.body.length).toBeGreaterThan(3_500_000);
      const digest = createHash("sha256").update(plain.body).digest("hex");
      for (const coding of ["br", "gzip"]) {
        const answer = await receive(path, { "accept-encoding": coding });
        expect([coding, answer.body.length < 1_600_000]).toEqual([coding, true]);
        expect(createHash("sha256").update(decoded(answer)).digest("hex")).toBe(digest);
        expect(answer.headers["transfer-encoding"]).toBe("chunked");
      }
      const { stdout } = await execa("curl", ["-sS", "--compressed", path], { maxBuffer: 1e8 });
      expect(createHash("sha256").update(stdout).digest("hex")).toBe(digest);
    },
    { worker: false },
  );
});
