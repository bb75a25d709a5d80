import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeGraph } from "../../../bench/make-graph.js";
import { openGraph } from "../../../src/graph/index.js";
import { useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { addImage } from "../../support/images/made-images.js";

const dock = useDock();

it("shows broken images with their code, and has edges between the images that are there alone", async () => {
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      const graph = await openGraph(root);
      await addImage(graph, { id: "root", comment: "<b>the first</b>" }, { file: "12345" });
      for (const id of ["child", "broken", "gone"]) await addImage(graph, { id, parent: "root" });
      await addImage(graph, { id: "orphan", parent: "gone" });
      await graph.layerFacts("root");
      rmSync(join(root, "graph/gone"), { recursive: true });
      rmSync(join(root, "graph/broken/layer"), { recursive: true });
      mkdirSync(join(root, "graph/not an id"));
      const { headers, body } = await ask("/api/v1/graph");
      expect(headers.get("content-type")).toMatch(/^application\/json/);
      const nodes = Object.fromEntries(body.nodes.map((node: { id: string }) => [node.id, node]));
      expect(Object.keys(nodes)).toEqual(["broken", "child", "not an id", "orphan", "root"]);
      expect(nodes.root).toMatchObject({
        parent: null,
        layerBytes: 5,
        comment: "<b>the first</b>",
        mounts: 0,
      });
      expect(nodes.root).not.toHaveProperty("broken");
      expect(nodes.broken).toMatchObject({ parent: "root", broken: "IMAGE_BROKEN", layerBytes: null });
      expect(nodes["not an id"]).toMatchObject({ parent: null, broken: "INVALID_ID" });
      expect(nodes.orphan).toMatchObject({ parent: "gone" });
      expect(body.edges).toEqual([
        { child: "broken", parent: "root" },
        { child: "child", parent: "root" },
      ]);
    },
    { worker: false },
  );
});

it("answers 304 until something changes that it shows, by whomever", async () => {
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      const [first = ""] = makeGraph(root, { count: 300, facts: 0.5 });
      const get = async (tag = '"none"') => {
        const { status, headers, body } = await ask("/api/v1/graph", { headers: { "if-none-match": tag } });
        return { status, tag: headers.get("etag") ?? "", body };
      };
      let { tag, body } = await get();
      expect(body.nodes).toHaveLength(300);
      expect(body.edges).toHaveLength(
        body.nodes.filter(({ parent }: { parent: unknown }) => parent !== null).length,
      );
      const own = join(root, "graph", first);
      const stored = {
        checksum: "sha256:1",
        tarDigest: null,
        layerBytes: 1,
        archiveBytes: 1,
        computedAt: null,
      };
      const changes = [
        () => writeFileSync(join(own, "checksum.json"), JSON.stringify({ "xz-1": stored, "xz-6": stored })),
        () => writeFileSync(join(root, "checksums"), JSON.stringify({ [first]: `sha256:${"1".repeat(64)}` })),
        () => writeFileSync(join(own, "json"), JSON.stringify({ id: first, comment: "other" })),
        () => rmSync(join(own, "layer"), { recursive: true }),
        () => writeFileSync(join(root, "repositories"), `{"Repositories":{"a":{"b":"${first}"}}}`),
        () => rmSync(own, { recursive: true }),
      ];
      for (const change of changes) {
        expect(await get(`W/${tag}, "other"`)).toMatchObject({ status: 304, tag });
        change();
        const next = await get(tag);
        expect(next.status).toBe(200);
        ({ tag, body } = next);
      }
      expect(body.nodes).toHaveLength(299);
    },
    { worker: false },
  );
});
