import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { searchImages } from "../../../src/listing/image-search.js";
import { useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { addImage } from "../../support/images/made-images.js";
import { startRedis } from "../../support/redis/redis-server.js";

type Found = { readonly id: string; readonly match: string };

const dock = useDock();
const ids = { base: `ab12${"0".repeat(60)}`, app: `ab34${"1".repeat(60)}`, other: `cd56${"2".repeat(60)}` };

async function fill(root: string): Promise<void> {
  const graph = await openGraph(root);
  await addImage(graph, { id: ids.base, comment: "Debian base" });
  await addImage(graph, { id: ids.app, parent: ids.base, comment: "the shop, on Debian" });
  await addImage(graph, { id: ids.other, comment: null as never });
  const names = { "example.com/shop": { latest: ids.app, "1.2": ids.app, "1.20": ids.other } };
  writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: names }));
}

describe("GET /api/v1/search", () => {
  it("finds images by names, ids and comments, and says what is meant without doubt", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        await fill(root);
        const search = async (q: string, more = "") => {
          const { status, body } = await ask(`/api/v1/search?q=${encodeURIComponent(q)}${more}`);
          expect(status).toBe(200);
          const { images, total, target } = body;
          return {
            images: images.map(({ id, match }: Found) => `${match} ${id.slice(0, 4)}`),
            total,
            target,
          };
        };
        const image = (id: string) => ({ kind: "image", id, queue: null });
        expect(await search("ab")).toEqual({ images: ["id ab12", "id ab34"], total: 2, target: null });
        expect(await search(" AB12 ")).toMatchObject({ images: ["id ab12"], target: image(ids.base) });
        expect(await search("debian")).toMatchObject({ images: ["comment ab12", "comment ab34"], total: 2 });
        expect(await search("shop DEBIAN")).toMatchObject({
          images: ["comment ab34"],
          target: image(ids.app),
        });
        // A whole name is meant, though others begin with it; without a tag, the latest.
        expect(await search("example.com/shop:1.2")).toMatchObject({
          ...{ images: ["name ab34", "name cd56"], target: image(ids.app) },
        });
        expect((await search("example.com/shop")).target).toEqual(image(ids.app));
        expect(await search("shop", "&limit=1")).toEqual({ images: ["name ab34"], total: 2, target: null });
        expect(await search("nothing like it")).toEqual({ images: [], total: 0, target: null });
        const { body } = await ask("/api/v1/search?q=1.20");
        expect(body.images).toEqual([
          { id: ids.other, names: ["example.com/shop:1.20"], comment: null, match: "name" },
        ]);
        for (const query of [
          "",
          "?q=",
          "?q=%20",
          "?q=a&limit=101",
          "?q=a&page=2",
          `?q=${"a".repeat(1_001)}`,
        ]) {
          expect(await ask(`/api/v1/search${query}`)).toMatchObject({
            status: 400,
            body: { code: "INVALID_REQUEST" },
          });
        }
      },
      { worker: false },
    );
  });

  it("finds a job by its id in any queue, and the newest jobs about the image that is meant", async () => {
    await servingHttp(
      dock,
      async ({ root, ask, producer }) => {
        await fill(root);
        const first = await producer.enqueue("verify", { id: ids.app });
        const second = await producer.enqueue("checksum", { id: ids.app });
        await producer.enqueue("checksum", { id: ids.base });
        const byJob = (await ask(`/api/v1/search?q=${encodeURIComponent(first.id)}`)).body;
        expect(byJob.jobs).toMatchObject([{ id: first.id, name: "verify" }]);
        expect(byJob).toMatchObject({
          images: [],
          target: { kind: "job", id: first.id, queue: first.queue },
        });
        const byImage = (await ask("/api/v1/search?q=ab34")).body;
        expect(byImage.jobs.map(({ id }: Found) => id).sort()).toEqual([first.id, second.id].sort());
        expect(byImage.target).toMatchObject({ kind: "image", id: ids.app });
        // Of no one image, no jobs: nothing is looked through.
        expect((await ask("/api/v1/search?q=ab")).body.jobs).toEqual([]);
        for (const odd of ["meta", "id", "a:b", "*"]) {
          expect((await ask(`/api/v1/search?q=${encodeURIComponent(odd)}`)).body.jobs).toEqual([]);
        }
      },
      { worker: false },
    );
  });

  it("finds images while Redis is away, and says that jobs are not searched", async () => {
    const redis = await startRedis();
    await using _ended = { [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose]() };
    await servingHttp(
      { ...dock, scratch: dock.scratch, redis: redis.url } as typeof dock,
      async ({ root, ask }) => {
        await fill(root);
        await redis.kill();
        const { status, body } = await ask("/api/v1/search?q=ab34");
        expect(status).toBe(200);
        expect(body).toMatchObject({
          images: [{ id: ids.app }],
          total: 1,
          jobs: null,
          target: { id: ids.app },
        });
        await redis.start();
      },
      { worker: false },
    );
  });
});

it("looks through 100,000 images in the time between two letters", () => {
  const images = Array.from({ length: 100_000 }, (_, at) => ({
    ...{ id: at.toString(16).padStart(64, "0"), parent: null, created: null, layerBytes: 1 },
    ...{ comment: `build step ${at}`, checksum: null, checksums: [] },
  }));
  const names = new Map(images.filter((_, at) => at % 10 === 0).map(({ id }, at) => [id, [`web:${at}`]]));
  expect(searchImages(images, names, "step 99999", 10)).toMatchObject({
    total: 1,
    meant: { id: images[99_999]?.id },
  });
  const began = process.cpuUsage();
  expect(searchImages(images, names, "build", 10)).toMatchObject({ total: 100_000, meant: undefined });
  expect(searchImages(images, names, "web:17", 10).meant?.id).toBe(images[170]?.id);
  // Of the processor's time, for the machine may be busy: some 60 ms each.
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1_000).toBeLessThan(1_500);
});
