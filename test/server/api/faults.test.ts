// What is wrong with an image, and its record as it lies there, for one that no other route can show.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { auditGraph } from "../../../src/audit/index.js";
import { openGraph } from "../../../src/graph/index.js";
import { collect } from "../../support/collect.js";
import { useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { addImage } from "../../support/images/made-images.js";

const dock = useDock();

it("says what a check of the whole graph says of that image, with its record", async () => {
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      const graph = await openGraph(root);
      for (const id of ["whole", "no-layer", "torn", "parent", "no-json"]) await addImage(graph, { id });
      for (const id of ["child", "orphan"]) await addImage(graph, { id, parent: "parent" });
      await graph.names.set(new Map([["app", "torn"]]));
      const at = (id: string, name = "") => join(root, "graph", id, name);
      rmSync(at("no-layer", "layer"), { recursive: true });
      rmSync(at("no-json", "json"));
      writeFileSync(at("torn", "json"), '{"id":"torn","comment":"<b>half');
      rmSync(at("parent", "layer"), { recursive: true });
      writeFileSync(at("whole", "layer.json"), "{");
      writeFileSync(at("orphan", "json"), JSON.stringify({ id: "orphan", parent: "nobody" }));
      const told = await collect(auditGraph(graph));

      for (const id of ["whole", "no-layer", "no-json", "torn", "parent", "orphan", "child"]) {
        const { status, body } = await ask(`/api/v1/images/${id}/faults`);
        expect({ id, status, faults: body.faults }).toEqual({
          ...{ id, status: 200 },
          faults: told.filter((finding) => finding.id === id).map(({ id: _, ...finding }) => finding),
        });
      }
      const torn = (await ask("/api/v1/images/app/faults")).body;
      expect(torn).toMatchObject({
        ...{ id: "torn", names: ["app:latest"], record: readFileSync(at("torn", "json"), "utf8") },
        ...{ directory: at("torn"), childCount: 0 },
        faults: [{ what: "unreadable-record", code: "IMAGE_BROKEN", repair: "move it to lost+found" }],
      });
      const parent = (await ask("/api/v1/images/parent/faults")).body;
      expect(parent).toMatchObject({ childCount: 1, faults: [{ what: "missing-layer", repair: null }] });
      expect(parent.faults[0].message).toContain("put back what is missing, or delete it");
      expect((await ask("/api/v1/images/no-json/faults")).body).toMatchObject({
        record: null,
        recordBytes: null,
      });
      mkdirSync(join(root, "elsewhere"));
      symlinkSync(join(root, "elsewhere"), at("linked"));
      expect((await ask("/api/v1/images/linked/faults")).body.record).toBeNull();
      writeFileSync(at("torn", "json"), "x".repeat(100_000));
      expect((await ask("/api/v1/images/torn/faults")).body).toMatchObject({
        ...{ record: "x".repeat(65_536), recordBytes: 100_000 },
      });
      expect((await ask("/api/v1/images/nobody/faults")).status).toBe(404);
    },
    { worker: false },
  );
});
