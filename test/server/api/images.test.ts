import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { addImage } from "../../support/images/made-images.js";
import { sha256Of, shell } from "../../support/processes/shell.js";

const dock = useDock();

const { base, middle, left, right } = dockerImages;
const alone = { worker: false } as const;

describe("GET /api/v1/images", () => {
  it("lists the images page by page, and what is broken beside them", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        await unpackDockerGraph(root);
        symlinkSync("/etc", join(root, "graph", "linked"));
        const all = await ask("/api/v1/images");
        expect(all.body.images.map(({ id }: { id: string }) => id)).toEqual([right, middle, base, left]);
        expect(all.body).toMatchObject({ broken: [{ id: "linked", code: "IMAGE_BROKEN" }], next: null });
        expect(all.body.images[1]).toMatchObject({
          ...{ id: middle, parent: base, head: false, children: [right, left] },
          ...{ layerBytes: null, checksums: ["docker"], comment: "fixture" },
        });
        const ids: string[] = [];
        let cursor = "";
        do {
          const { body } = await ask(`/api/v1/images?limit=2${cursor}`);
          ids.push(...[...body.images, ...body.broken].map(({ id }) => id));
          cursor = body.next === null ? "" : `&cursor=${encodeURIComponent(body.next)}`;
        } while (cursor !== "");
        expect(ids).toEqual([right, middle, base, left, "linked"]);
        const { body } = await ask("/api/v1/images?prefix=27");
        expect(body.images.map(({ id }: { id: string }) => id)).toEqual([middle]);
      },
      alone,
    );
  });

  it("refuses wrong parameters", async () => {
    await servingHttp(
      dock,
      async ({ ask }) => {
        for (const query of ["limit=0", "limit=1001", "limit=x", "prefix=a/b", "cursor=*", "cursor=%00"]) {
          const { status, body } = await ask(`/api/v1/images?${query}`);
          expect({ query, status, code: body.code }).toEqual({ query, status: 400, code: "INVALID_REQUEST" });
        }
      },
      alone,
    );
  });
});

describe("GET /api/v1/images/{ref}", () => {
  it("tells all there is to know of an image, with the shell line that gives its checksum", async () => {
    await servingHttp(dock, async ({ root, producer, ask }) => {
      await unpackDockerGraph(root);
      const before = await ask(`/api/v1/images/${middle}`);
      expect(before.body).toMatchObject({ id: middle, parent: base, layer: null, head: false, mounts: [] });
      expect(before.body.record).toEqual(
        JSON.parse(readFileSync(join(root, "graph", middle, "json"), "utf8")),
      );
      const { checksum, tarDigest } = await runJob(producer, "checksum", { id: middle });
      const { mountId } = await runJob(producer, "mount", { id: middle });
      const { body } = await ask("/api/v1/images/27cf");
      expect(body).toMatchObject({ checksums: { "xz-6": { checksum, tarDigest } }, children: [right, left] });
      expect(body.layer).toMatchObject({ entries: expect.any(Number) });
      expect(body.mounts).toEqual([expect.objectContaining({ mountId, state: "mounted" })]);
      expect(sha256Of(await shell(body.checksums["xz-6"].shellLine))).toBe(checksum);
      expect((await ask("/api/v1/mounts")).body).toEqual({ mounts: body.mounts });
      await runJob(producer, "unmount", { mountId });
    });
  });

  it("says which of the reasons it is that it has none", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        const graph = await openGraph(root);
        for (const id of ["same-1", "same-2", "broken"]) await addImage(graph, { id });
        rmSync(join(root, "graph/broken/layer"), { recursive: true });
        const codes = {
          none: [404, "IMAGE_NOT_FOUND"],
          same: [409, "AMBIGUOUS_ID"],
          broken: [409, "IMAGE_BROKEN"],
        };
        for (const [ref, [status, code]] of Object.entries(codes)) {
          for (const below of ["", "/history", "/layer"]) {
            expect(await ask(`/api/v1/images/${ref}${below}`)).toMatchObject({ status, body: { code } });
          }
        }
        for (const ref of ["..%2F..%2Fetc", "%2e%2e", ":tmp:", "-rf"]) {
          expect((await ask(`/api/v1/images/${ref}`)).status, ref).toBeOneOf([400, 404]);
        }
      },
      alone,
    );
  });

  it("takes a name as one segment of the path, and shows an image's names", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        await unpackDockerGraph(root);
        const graph = await openGraph(root);
        const name = "example.com:5000/library/busybox:1.0";
        await graph.names.set(new Map([[name, left]]));
        const path = `/api/v1/images/${encodeURIComponent(name)}`;
        expect((await ask(path)).body).toMatchObject({ id: left, names: [name] });
        expect((await ask("/api/v1/images/example.com:5000%2flibrary%2fbusybox%3a1.0")).body.id).toBe(left);
        expect((await ask(`${path}/history`)).body.history).toMatchObject([
          ...[{ id: left, names: [name] }, { id: middle, names: [] }, { id: base }],
        ]);
        expect((await ask("/api/v1/images?prefix=b7")).body.images).toMatchObject([{ names: [name] }]);
        const { nodes } = (await ask("/api/v1/graph")).body;
        expect(nodes.find(({ id }: { id: string }) => id === left).names).toEqual([name]);
        // A slash that is none of the name's parts the path.
        expect((await ask(`/api/v1/images/${name}`)).status).toBe(404);
        for (const ref of [
          "a%2F..%2Fb",
          "library%2F..%2F..%2Fgraph",
          "a%2F%2Fb",
          "a%252Fb",
          "%2Fetc",
          "a%2F",
        ]) {
          expect(await ask(`/api/v1/images/${ref}`), ref).toMatchObject({ status: 400 });
        }
        expect(await ask("/api/v1/images/library%2Fnone:1")).toMatchObject({
          status: 404,
          body: { code: "IMAGE_NOT_FOUND" },
        });
        writeFileSync(join(root, "repositories"), "{");
        expect((await ask(`/api/v1/images/${left}`)).body).toMatchObject({ id: left, names: [] });
        expect((await ask("/api/v1/images")).body.images).toHaveLength(4);
        expect(await ask(path)).toMatchObject({ status: 409, body: { code: "IMAGE_BROKEN" } });
      },
      alone,
    );
  });

  it("keeps a recipe it does not know, and HTML in a comment the text it is", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        const comment = "<script>alert(1)</script>";
        await addImage(await openGraph(root), { id: "page", comment });
        const stored = {
          checksum: "sha256:1",
          tarDigest: null,
          layerBytes: 1,
          archiveBytes: 1,
          computedAt: null,
        };
        writeFileSync(join(root, "graph/page/checksum.json"), JSON.stringify({ "xz-9": stored }));
        const { headers, body } = await ask("/api/v1/images/page");
        expect(headers.get("content-type")).toMatch(/^application\/json/);
        expect(headers.get("x-content-type-options")).toBe("nosniff");
        expect(body.record.comment).toBe(comment);
        expect(body.checksums["xz-9"]).toEqual({ ...stored, shellLine: null });
      },
      alone,
    );
  });
});

describe("GET /api/v1/images/{ref}/history", () => {
  it("gives the image and its ancestors, itself first, and says what is wrong with them", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        await unpackDockerGraph(root);
        const { body } = await ask("/api/v1/images/b750/history");
        expect(body.history.map(({ id }: { id: string }) => id)).toEqual([left, middle, base]);
        rmSync(join(root, "graph", base), { recursive: true });
        expect(await ask("/api/v1/images/b750/history")).toMatchObject({
          status: 422,
          body: { code: "PARENT_NOT_FOUND" },
        });
      },
      alone,
    );
  });
});
