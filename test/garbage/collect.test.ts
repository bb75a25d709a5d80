import { lutimesSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { collectGarbage, type GarbageOptions } from "../../src/garbage/index.js";
import { type Graph, makeRecord, openGraph } from "../../src/graph/index.js";
import { openMounts } from "../../src/mount/index.js";
import { addImage } from "../support/images/made-images.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
afterAll(() => unmountBelow(scratch.path));
const hour = 3_600_000;

async function newGraph(): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

/** Collects, and tells what was removed, in order. */
async function collect(graph: Graph, options: GarbageOptions = {}, signal?: AbortSignal) {
  const removed: string[] = [];
  const onRemoved = ({ id }: { id: string }) => void removed.push(id);
  const { kept, ...sums } = await collectGarbage(graph, openMounts(graph), options, onRemoved, signal);
  const why = Object.fromEntries(Object.entries(kept).filter(([, count]) => count > 0));
  return { removed, ...sums, kept: why };
}

function imagesOf({ directory }: Graph): string[] {
  return readdirSync(directory).filter((name) => name !== ":tmp:");
}

/** Writes a mount's record as that of one whose host was rebooted. */
function writeMount({ root }: Graph, at: number, ids: readonly string[]): void {
  const mountId = at.toString(16).padStart(16, "0");
  const directory = join(root, "mounts", mountId);
  mkdirSync(directory, { recursive: true });
  const record = {
    ...{ mountId, images: ids.map((id) => ({ id, inode: "1" })), driver: "overlay", target: "/nowhere" },
    ...{ isWritable: true, madeTarget: true, owner: "", createdAt: "2026-01-01T00:00:00Z" },
  };
  writeFileSync(join(directory, "mount.json"), JSON.stringify(record));
  writeFileSync(join(directory, "mounted"), "");
}

interface ModelImage {
  readonly id: string;
  readonly parent: string | undefined;
  readonly isNamed: boolean;
  readonly isMounted: boolean;
  readonly isBroken: boolean;
  readonly hoursOld: number;
}

/** Images of which each may be the child of an earlier one. */
const forests = fc
  .array(
    fc.record({
      parentAt: fc.nat(30),
      isRoot: fc.boolean(),
      isNamed: fc.nat(6).map((n) => n === 0),
      isMounted: fc.nat(9).map((n) => n === 0),
      isBroken: fc.nat(12).map((n) => n === 0),
      hoursOld: fc.integer({ min: 1, max: 100 }),
    }),
    { minLength: 1, maxLength: 16 },
  )
  .map((drawn) =>
    drawn.map(({ parentAt, isRoot, ...rest }, at): ModelImage => {
      const parent = at === 0 || (isRoot && parentAt % 3 === 0) ? undefined : `i${parentAt % at}`;
      return { ...rest, id: `i${at}`, parent };
    }),
  );

async function writeForest(forest: readonly ModelImage[]): Promise<Graph> {
  const graph = await newGraph();
  // Once: images of the same age have the same time, however long it takes to write them.
  const now = Date.now();
  for (const [at, { id, parent, isMounted, isBroken, hoursOld }] of forest.entries()) {
    const directory = join(graph.directory, id);
    mkdirSync(join(directory, "layer"), { recursive: true });
    writeFileSync(join(directory, "layer/file"), "x".repeat(at));
    writeFileSync(join(directory, "json"), makeRecord({ id, parent }));
    // Its record still says whose child it is.
    if (isBroken) rmSync(join(directory, "layer"), { recursive: true });
    const arrived = new Date(now - hoursOld * hour - hour / 2);
    utimesSync(join(directory, "json"), arrived, arrived);
    if (isMounted) writeMount(graph, at, [id]);
  }
  const named = forest.filter(({ isNamed }) => isNamed);
  await graph.names.set(new Map(named.map(({ id }) => [`name-of-${id}:latest`, id])));
  return graph;
}

/** What is left, by the plainest way: again and again the first image that may go, goes. */
function leftBy(forest: readonly ModelImage[], keep: number, hours: number): string[] {
  const left = new Map(forest.map((image) => [image.id, image]));
  const isUnneeded = ({ id, isNamed, isMounted, isBroken }: ModelImage) =>
    !isNamed && !isMounted && !isBroken && ![...left.values()].some(({ parent }) => parent === id);
  const byArrival = (one: ModelImage, other: ModelImage) =>
    one.hoursOld - other.hoursOld || (one.id < other.id ? 1 : -1);
  const newest = [...left.values()].filter(isUnneeded).sort(byArrival).slice(0, keep);
  for (;;) {
    const gone = [...left.values()].find(
      (image) => isUnneeded(image) && !newest.includes(image) && image.hoursOld >= hours,
    );
    if (gone === undefined) return [...left.keys()].sort();
    left.delete(gone.id);
  }
}

describe("collecting garbage", () => {
  it("leaves what a plain model leaves, as a dry run tells beforehand, and finds nothing more then", async () => {
    const policies = fc.record({ keep: fc.constantFrom(0, 0, 1, 3), hours: fc.constantFrom(0, 0, 20, 60) });
    await fc.assert(
      fc.asyncProperty(forests, policies, async (forest, { keep, hours }) => {
        const graph = await writeForest(forest);
        const options = { keep, olderMs: hours * hour };
        const told = await collect(graph, { ...options, dryRun: true });
        expect(imagesOf(graph)).toHaveLength(forest.length);
        const done = await collect(graph, options);
        expect(done).toEqual(told);
        expect(imagesOf(graph).sort()).toEqual(leftBy(forest, keep, hours));
        expect(done.images + Object.values(done.kept).reduce((sum, count) => sum + count, 0)).toBe(
          forest.length,
        );
        const places = new Map(done.removed.map((id, at) => [id, at]));
        for (const { id, parent = "" } of forest) {
          if (places.has(parent)) expect(places.get(id)).toBeLessThan(places.get(parent) ?? 0);
        }
        expect(done.layerBytes).toBe(done.removed.reduce((sum, id) => sum + Number(id.slice(1)), 0));
        const { removed } = await collect(graph, options);
        // Of the newest, those that were parents before are not known any more.
        if (keep === 0) expect(removed).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it("removes blocks and claims that were not used for a day, as a dry run tells beforehand, and nothing else", async () => {
    const graph = await newGraph();
    const directory = join(graph.root, "blocks");
    mkdirSync(directory);
    const owner = "0b2a6d1e-0000-4000-8000-000000000000.4026531836.7.7.there-0123456789abcdef";
    const put = (hoursOld: number, digit: string) => {
      const block = `xz-6-${digit.repeat(64)}`;
      const names = [block, `${digit}${owner.slice(1)}`, `xz-1:i${digit}.stored`, `strange-${digit}`];
      for (const name of names) writeFileSync(join(directory, name), "12345");
      symlinkSync(owner, join(directory, `${block}.claim`));
      mkdirSync(join(directory, `xz-1-${digit.repeat(64)}`));
      const all = [...names, `${block}.claim`, `xz-1-${digit.repeat(64)}`];
      const at = (Date.now() - hoursOld * hour) / 1_000;
      for (const name of all) lutimesSync(join(directory, name), at, at);
      return all;
    };
    const young = put(23, "e");
    const old = put(25, "f");
    const all = readdirSync(directory).sort();
    const blocks = { files: 4, bytes: 3 * 5 + owner.length };
    expect(await collect(graph, { dryRun: true })).toMatchObject({ images: 0, blocks });
    expect(readdirSync(directory).sort()).toEqual(all);
    expect(await collect(graph)).toMatchObject({ images: 0, blocks });
    expect(readdirSync(directory).sort()).toEqual(
      [...young, ...old.filter((name) => /^(strange|xz-1-)/.test(name))].sort(),
    );
    expect(await collect(graph)).toMatchObject({ blocks: { files: 0, bytes: 0 } });
  });

  it("frees the bytes it tells of, with the views, and leaves nothing in staging", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "base" }, { kept: "123" });
    await addImage(graph, { id: "middle", parent: "base" }, { one: "1".repeat(1_000), ".wh.kept": "" });
    await addImage(graph, { id: "top", parent: "middle" }, { two: "2".repeat(2_000) });
    await addImage(graph, { id: "named", parent: "base" });
    await graph.names.set(new Map([["app", "named"]]));
    const mounts = openMounts(graph);
    await mounts.unmount((await mounts.mount({ id: "top" })).mountId);
    const bytes = async () =>
      Number(
        await shell(`find ${graph.directory} -path '*/layer/*' -type f -printf '%s\\n' | paste -sd+ | bc`),
      );
    const before = await bytes();
    expect(await collect(graph)).toEqual({
      removed: ["top", "middle"],
      ...{ images: 2, layerBytes: 3_000, blocks: { files: 0, bytes: 0 } },
      kept: { names: 1, children: 1 },
    });
    expect(before - (await bytes())).toBe(3_000);
    const names = `${await shell(`cd ${graph.root} && find . -name 'top*' -o -name 'middle*'`)}`;
    expect(names).toBe("");
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });

  it("spares what is needed between the look and the deletion", async () => {
    const graph = await newGraph();
    const ids = ["to-be-parent", "to-be-named", "to-be-mounted", "to-be-held", "garbage"];
    for (const id of ids) await addImage(graph, { id });
    const mounts = openMounts(graph);
    let end = () => {};
    let importing: Promise<unknown> | undefined;
    const hold = () =>
      new Promise<void>((begun) => {
        const fill = async () => {
          begun();
          await new Promise<void>((resolve) => {
            end = resolve;
          });
          return {};
        };
        const record = makeRecord({ id: "imported", parent: "to-be-held" });
        importing = graph.registerAll([{ record, fill, isDerived: true }], { concurrency: 1 });
      });
    const needs = new Map<string, () => Promise<unknown>>([
      ["to-be-parent", () => addImage(graph, { id: "child", parent: "to-be-parent" })],
      ["to-be-named", () => graph.names.set(new Map([["app", "to-be-named"]]))],
      ["to-be-mounted", () => mounts.mount({ id: "to-be-mounted", driver: "copy" })],
      ["to-be-held", hold],
    ]);
    // Their sizes are asked for in between.
    const watched: Graph = {
      ...graph,
      async layerFacts(id, signal) {
        await needs.get(id)?.();
        needs.delete(id);
        return graph.layerFacts(id, signal);
      },
    };
    const removed: string[] = [];
    const { kept } = await collectGarbage(watched, mounts, {}, ({ id }) => void removed.push(id));
    expect(removed).toEqual(["garbage"]);
    expect(kept.meanwhile).toBe(4);
    expect((await collect(graph)).removed).toEqual(["child", "to-be-parent"]);
    end();
    await importing;
    expect(imagesOf(graph).sort()).toEqual(["imported", "to-be-held", "to-be-mounted", "to-be-named"]);
  });

  it("races those who add and name images without taking what they need", async () => {
    const graph = await newGraph();
    const other = await openGraph(graph.root);
    await addImage(graph, { id: "base" });
    await graph.names.set(new Map([["base", "base"]]));
    let isOver = false;
    onTestFinished(() => {
      isOver = true;
    });
    const collecting = (async () => {
      let removed = 0;
      while (!isOver) removed += (await collect(other)).images;
      return removed;
    })();
    const record = (id: string, parent: string) => makeRecord({ id, parent });
    const fill = async () => ({});
    for (let round = 0; round < 6; round++) {
      const [a, b, c] = [`a${round}`, `b${round}`, `c${round}`] as const;
      const images = [record(a, "base"), record(b, a), record(c, b)].map((each) => ({
        record: each,
        fill,
        isDerived: true,
      }));
      await graph.registerAll(images, { names: new Map([[`set:${round}`, c]]), concurrency: 1 });
      expect((await graph.history(c)).length).toBe(4);
      // It may be collected at once, for nothing needs it; then it is not to be found, and cannot be named.
      const mayBeGone = (error: unknown) => expect(error).toMatchObject({ code: "IMAGE_NOT_FOUND" });
      await addImage(graph, { id: `d${round}`, parent: c }).catch(mayBeGone);
      await graph.names.remove([`set:${round}`]);
      await graph.names.set(new Map([[`kept:${round}`, `d${round}`]])).catch(mayBeGone);
    }
    isOver = true;
    expect(await collecting).toBeGreaterThanOrEqual(0);
    await collect(graph);
    const named = await graph.names.all();
    for (const id of named.values()) expect((await graph.history(id)).at(-1)?.id).toBe("base");
    for (const id of imagesOf(graph)) await graph.history(id);
  });

  it("that is cancelled leaves a whole graph", async () => {
    const graph = await newGraph();
    for (let at = 0; at < 70; at++) {
      const directory = join(graph.directory, `i${at}`);
      mkdirSync(join(directory, "layer"), { recursive: true });
      writeFileSync(
        join(directory, "json"),
        makeRecord({ id: `i${at}`, parent: at === 0 ? undefined : `i${at - 1}` }),
      );
    }
    const abort = new AbortController();
    const cancelled = collectGarbage(graph, openMounts(graph), {}, () => abort.abort(), abort.signal);
    await expect(cancelled).rejects.toMatchObject({ code: "CANCELLED" });
    const left = imagesOf(graph).length;
    expect(left).toBeGreaterThan(0);
    expect((await graph.history(`i${left - 1}`)).length).toBe(left);
  });

  it("is refused where names or mounts cannot be read", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "image" });
    writeFileSync(join(graph.root, "repositories"), "{");
    await expect(collect(graph)).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    rmSync(join(graph.root, "repositories"));
    writeMount(graph, 1, ["image"]);
    writeFileSync(join(graph.root, "mounts", "1".padStart(16, "0"), "mount.json"), "{");
    await expect(collect(graph)).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
    expect(imagesOf(graph)).toEqual(["image"]);
  });
});
