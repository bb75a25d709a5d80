// The list of images as a window: against a filter and a sort of its own, over what the graph was made from.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { runJob, useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { writeGraph } from "../../support/images/graph-on-disk.js";
import { realistic } from "../../support/images/graph-shapes.js";

const dock = useDock();

/** What the test knows of an image, from what it has made. */
interface Made {
  readonly id: string;
  readonly parent: string | null;
  readonly created: string | null;
  readonly comment: string | null;
  readonly size: number | null;
  readonly total: number | null;
  readonly recipes: readonly string[];
  readonly isBroken: boolean;
  readonly names: readonly string[];
  readonly mounts: number;
  readonly children: number;
}

it("filters and sorts as it is asked, the broken images in their places, window by window", async () => {
  await servingHttp(dock, async ({ root, producer, ask }) => {
    const nodes = realistic(300).map((node, at) => ({
      ...node,
      broken: at % 40 === 7 ? "IMAGE_BROKEN" : undefined,
    }));
    writeGraph(root, nodes);
    const graph = await openGraph(root);
    const names = new Map<string, string>();
    for (const [at, { id }] of nodes.entries()) {
      if (at % 9 === 0) names.set(`registry.example:5000/team/app-${at}:1.${at}`, id);
      if (at % 18 === 0) names.set(`alias/Of-${at}`.toLowerCase(), id);
    }
    await graph.names.set(names);
    const mounted = nodes.find(({ parent, broken }) => parent === null && broken === undefined)?.id ?? "";
    const { mountId } = await runJob(producer, "mount", { id: mounted });

    const byId = new Map(nodes.map((node) => [node.id, node]));
    const totalOf = (id: string | null): number | null => {
      if (id === null) return 0;
      const node = byId.get(id);
      if (node === undefined || node.broken !== undefined) return null;
      const rest = totalOf(node.parent);
      return rest === null ? null : rest + (node.layerBytes ?? 0);
    };
    const made: Made[] = nodes.map(({ id, parent, created, comment, layerBytes, checksums, broken }) => {
      const isBroken = broken !== undefined;
      const own = [...names]
        .filter(([, named]) => named === id)
        .map(([name]) => (/:[^/]*$/.test(name) ? name : `${name}:latest`));
      return {
        id,
        // A record that cannot be read names no parent.
        parent: isBroken ? null : parent,
        created: isBroken ? null : created,
        comment: isBroken ? null : comment,
        size: isBroken ? null : (layerBytes ?? 0),
        total: totalOf(id),
        recipes: isBroken ? [] : checksums,
        isBroken,
        names: own.sort(),
        mounts: id === mounted ? 1 : 0,
        children: nodes.filter((each) => each.broken === undefined && each.parent === id).length,
      };
    });

    const newest = "2026-05-01T00:00:00Z";
    const prefix = (nodes[3]?.id ?? "").slice(0, 1);
    const filters: Record<string, (image: Made) => boolean> = {
      "": () => true,
      "named=true": ({ names: own }) => own.length > 0,
      "named=false": ({ names: own }) => own.length === 0,
      "checked=true": ({ isBroken, recipes }) => !isBroken && recipes.length > 0,
      "checked=false": ({ isBroken, recipes }) => !isBroken && recipes.length === 0,
      "mounted=true": ({ mounts }) => mounts > 0,
      "mounted=false": ({ mounts }) => mounts === 0,
      "broken=true": ({ isBroken }) => isBroken,
      "broken=false": ({ isBroken }) => !isBroken,
      "head=true": ({ children }) => children === 0,
      "head=false": ({ children }) => children > 0,
      "minBytes=1048576": ({ size }) => size !== null && size >= 1_048_576,
      "maxBytes=1048576": ({ size }) => size !== null && size <= 1_048_576,
      "minBytes=1000&maxBytes=100000": ({ size }) => size !== null && size >= 1_000 && size <= 100_000,
      [`createdSince=${newest}`]: ({ created }) => created !== null && created >= newest,
      [`createdBefore=${newest}`]: ({ created }) => created !== null && created < newest,
      "text=APP-18": ({ names: own }) => own.some((name) => name.includes("app-18")),
      "text=nginx%20conf": ({ comment }) => comment === "nginx configuration",
      [`text=${nodes[5]?.id.slice(10, 20)}`]: ({ id }) => id === nodes[5]?.id,
      [`prefix=${prefix}&named=false`]: ({ id, names: own }) => id.startsWith(prefix) && own.length === 0,
      "named=true&checked=true&head=true": ({ names: own, recipes, children }) =>
        own.length > 0 && recipes.length > 0 && children === 0,
      "broken=true&named=true&text=app": ({ isBroken, names: own }) => isBroken && own.length > 0,
    };
    const rank = ({ isBroken, recipes }: Made) =>
      isBroken ? null : recipes.includes("xz-6") ? 2 : recipes.includes("docker") ? 1 : 0;
    const sorts: Record<string, (image: Made) => string | number | null> = {
      id: ({ id }) => id,
      name: ({ names: own }) => own[0] ?? null,
      created: ({ created }) => created,
      size: ({ size }) => size,
      total: ({ total }) => total,
      checksum: rank,
      mounts: ({ mounts }) => mounts,
      parent: ({ parent }) => parent,
    };
    const ordered = (images: readonly Made[], sort: string, isDescending: boolean) => {
      const value = sorts[sort] ?? (() => null);
      const known = images.filter((image) => value(image) !== null);
      const unknown = images.filter((image) => value(image) === null);
      const byIds = (one: Made, other: Made) => (one.id < other.id ? -1 : 1);
      known.sort(byIds).sort((one, other) => {
        const [a, b] = [value(one) ?? 0, value(other) ?? 0];
        const order = a < b ? -1 : a > b ? 1 : 0;
        return isDescending ? -order : order;
      });
      return [...known, ...unknown.sort(byIds)].map(({ id }) => id);
    };
    const idsOf = (body: { images: { id: string }[] }) => body.images.map(({ id }) => id);

    for (const [filter, passes] of Object.entries(filters)) {
      const { body } = await ask(`/api/v1/images?offset=0&limit=1000&fresh=true${filter && `&${filter}`}`);
      const expected = ordered(made.filter(passes), "id", false);
      expect({ filter, ids: idsOf(body), total: body.total }).toEqual({
        filter,
        ids: expected,
        total: expected.length,
      });
      if (filter !== "mounted=false") expect(expected.length, filter).toBeLessThanOrEqual(300);
      expect(expected.length, filter).toBeGreaterThan(0);
    }
    for (const sort of Object.keys(sorts)) {
      for (const direction of ["asc", "desc"]) {
        const { body } = await ask(`/api/v1/images?sort=${sort}&direction=${direction}&limit=1000`);
        expect({ sort, direction, ids: idsOf(body) }).toEqual({
          ...{ sort, direction },
          ids: ordered(made, sort, direction === "desc"),
        });
      }
    }

    const windows: string[] = [];
    let asOf = "";
    for (let offset = 0; offset < 300; offset += 70) {
      const { body } = await ask(
        `/api/v1/images?sort=created&direction=desc&offset=${offset}&limit=70${asOf}`,
      );
      asOf = `&asOf=${body.asOf}`;
      windows.push(...idsOf(body));
      expect(body).toMatchObject({ total: 300, next: null, outdated: false });
    }
    expect(windows).toEqual(ordered(made, "created", true));
    expect((await ask("/api/v1/images?offset=300")).body).toMatchObject({ images: [], total: 300 });

    const whole = (await ask("/api/v1/images?sort=name&limit=1000")).body.images;
    for (const row of whole) {
      const known = made.find(({ id }) => id === row.id);
      expect(row).toMatchObject({
        ...{ names: known?.names, mounts: known?.mounts, childCount: known?.children },
        ...{ totalBytes: known?.total, head: known?.children === 0 },
      });
      expect(row.broken?.code).toBe(known?.isBroken ? "IMAGE_BROKEN" : undefined);
      expect(row.children.length).toBe(Math.min(known?.children ?? 0, 10));
    }
    await runJob(producer, "unmount", { mountId });
  });
});

it("reads page after page from one count, and a new one when it is asked for", async () => {
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      writeGraph(root, realistic(30));
      const { asOf } = (await ask("/api/v1/images?offset=0&fresh=true")).body;
      writeGraph(root, [{ ...realistic(1)[0], id: "added", parent: null } as never]);
      const held = (await ask(`/api/v1/images?offset=0&asOf=${asOf}`)).body;
      expect(held).toMatchObject({ total: 30, asOf, outdated: false });
      expect((await ask("/api/v1/images?offset=0&fresh=true")).body.total).toBe(31);
      // That count is not the last any more.
      const later = (await ask(`/api/v1/images?offset=0&asOf=${asOf}&fresh=true`)).body;
      expect(later.total).toBe(31);
      expect(later.asOf).toBeGreaterThan(asOf);
    },
    { worker: false },
  );
});

it("refuses what it cannot mean", async () => {
  await servingHttp(
    dock,
    async ({ ask }) => {
      const { next } = (await ask("/api/v1/images")).body;
      expect(next).toBeNull();
      const wrong = [
        ...["sort=colour", "direction=up", "named=maybe", "minBytes=-1", "maxBytes=x", "offset=-1"],
        ...["createdSince=soon", "createdBefore=2026-13-01T00:00:00Z", "sort=id&cursor=YQ"],
      ];
      for (const query of wrong) {
        expect(await ask(`/api/v1/images?${query}`), query).toMatchObject({
          status: 400,
          body: { code: "INVALID_REQUEST" },
        });
      }
    },
    { worker: false },
  );
});

it("lists the names with what they stand for, and finds them", async () => {
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      const nodes = realistic(5).map((node, at) => ({
        ...node,
        broken: at === 3 ? "IMAGE_BROKEN" : undefined,
      }));
      writeGraph(root, nodes);
      const [one, two, , broken] = nodes.map(({ id }) => id);
      const repositories = {
        app: { latest: one, old: one },
        "example.com/base": { "1": two },
        gone: { latest: "0".repeat(64) },
        torn: { latest: broken },
      };
      writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: repositories }));
      const { body } = await ask("/api/v1/names");
      expect(body).toMatchObject({
        total: 5,
        names: [
          { name: "app:latest", id: one, ofImage: 2, image: { created: nodes[0]?.created } },
          { name: "app:old", id: one, ofImage: 2 },
          { name: "example.com/base:1", id: two, ofImage: 1 },
          { name: "gone:latest", ofImage: 1, image: null },
          { name: "torn:latest", image: { broken: "IMAGE_BROKEN" } },
        ],
      });
      const found = async (query: string) =>
        (await ask(`/api/v1/names?${query}`)).body.names.map(({ name }: { name: string }) => name);
      expect(await found("text=APP")).toEqual(["app:latest", "app:old"]);
      expect(await found(`text=${two?.slice(0, 8)}`)).toEqual(["example.com/base:1"]);
      expect(await found("offset=3&limit=1")).toEqual(["gone:latest"]);
      writeFileSync(join(root, "repositories"), "{");
      expect(await ask("/api/v1/names")).toMatchObject({ status: 409, body: { code: "IMAGE_BROKEN" } });
    },
    { worker: false },
  );
});
