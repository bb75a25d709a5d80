// The audit as a whole: what it leaves alone, what it does in one run, and that it may be interrupted.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cyclesOf } from "../../src/audit/ancestry.js";
import { auditGraph, damageKinds } from "../../src/audit/index.js";
import { withLock } from "../../src/disk/directory-lock.js";
import { openGraph } from "../../src/graph/index.js";
import { makeRecord } from "../../src/graph/record.js";
import { openMounts } from "../../src/mount/index.js";
import {
  addViews,
  audit,
  deadOwner,
  filledRoot,
  livingOwner,
  writeImage,
  writeMount,
} from "../support/images/damaged-graph.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { bundle, startNode } from "../support/processes/node-process.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { contentsOf, stateOf } from "../support/trees/disk-listing.js";

const scratch = useScratchDirectory();
const { base, left, right } = dockerImages;

async function dockerRoot(): Promise<string> {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  return root;
}

describe("a graph without damage", () => {
  it("of Docker 0.3 has no finding, and is not touched, not even by a repair", async () => {
    const root = await dockerRoot();
    const before = await stateOf(root);
    expect(await audit(root)).toEqual([]);
    expect(await audit(root, { repair: true })).toEqual([]);
    expect(await stateOf(root)).toEqual(before);
  });

  it("may have what other versions of Docker leave", async () => {
    const root = await dockerRoot();
    writeFileSync(join(root, "graph", base, "layer.tar.xz"), "");
    writeFileSync(join(root, "graph", base, "layersize"), "1");
    mkdirSync(join(root, "graph/:garbage:"));
    mkdirSync(join(root, "graph/:tmp:/27cf784147099545"));
    mkdirSync(join(root, "containers"));
    expect(await audit(root)).toEqual([]);
  });

  it("can be looked over where nothing can be written, and so can one with damage", async () => {
    const root = await filledRoot(await scratch.fresh());
    await addViews(root, left);
    const readOnly = await scratch.fresh();
    await shell(`mount --bind "${root}" "${readOnly}" && mount -o remount,bind,ro "${readOnly}"`);
    try {
      expect(await audit(readOnly)).toEqual([]);
      writeFileSync(join(root, "graph", base, "layer.json.new"), "");
      writeFileSync(join(root, "checksums"), "{}");
      writeFileSync(join(root, "views", left, "intruder"), "");
      expect((await audit(readOnly)).map(({ what }) => what).sort()).toEqual(
        ["damaged-view", "dictionary-disagrees", "stray-file"].sort(),
      );
      const refused = await audit(readOnly, { repair: true });
      expect(refused.map(({ repaired }) => repaired)).toEqual([false, false, false]);
      expect(refused[0]?.message).toMatch(/read-only file system/);
    } finally {
      await shell(`umount "${readOnly}"`);
    }
  });
});

describe("a repair leaves alone", () => {
  it("staging, mounts and lowers of living processes", async () => {
    const root = await filledRoot(await scratch.fresh());
    const owner = await livingOwner();
    mkdirSync(join(root, `graph/:tmp:/${owner}-0123456789abcdef`));
    writeMount(root, "0123456789abcdef", { owner });
    writeMount(root, "1123456789abcdef", { images: ["gone", base], marks: ["kept"] });
    mkdirSync(join(root, "mounts/:aside:/gone:image:0a1b2c3d/layer"), { recursive: true });
    mkdirSync(join(root, "mounts/a-target-of-somebody"));
    mkdirSync(join(root, "checksums.pending"));
    writeFileSync(join(root, "checksums.pending", left), "");
    writeFileSync(join(root, "checksums"), "{}");
    const before = await stateOf(root);
    expect(await audit(root, { repair: true })).toEqual([]);
    expect(await stateOf(root)).toEqual(before);
  });

  it("blocks, claims of whomever, and what is just being written beside them", async () => {
    const root = await dockerRoot();
    const block = `xz-6-${"a".repeat(64)}`;
    mkdirSync(join(root, "blocks"));
    const names = [block, `xz-6:${base}.stored`, `${deadOwner}-0123456789abcdef`, "new"];
    for (const name of names) writeFileSync(join(root, "blocks", name), "");
    symlinkSync(`${await livingOwner()}-0123456789abcdef`, join(root, "blocks", `${block}.claim`));
    symlinkSync(`${deadOwner}-0123456789abcdef`, join(root, "blocks", `xz-6:${base}.claim`));
    const before = await stateOf(root);
    expect(await audit(root, { repair: true })).toEqual([]);
    expect(await stateOf(root)).toEqual(before);
  });

  it("what is set aside while a mount's record cannot be read", async () => {
    const root = await dockerRoot();
    writeFileSync(join(writeMount(root, "0123456789abcdef"), "upper/file"), "");
    writeFileSync(join(root, "mounts/0123456789abcdef/mount.json"), "");
    mkdirSync(join(root, "mounts/:aside:/gone:image:0a1b2c3d/layer"), { recursive: true });
    expect(await audit(root, { repair: true })).toMatchObject([{ what: "damaged-mount-record" }]);
    expect(existsSync(join(root, "mounts/:aside:/gone:image:0a1b2c3d"))).toBe(true);
  });

  it("a file that another process is just writing", async () => {
    const root = await dockerRoot();
    const directory = join(root, "graph", base);
    const temporary = join(directory, "checksum.json.new");
    let finding: ReturnType<typeof audit> | undefined;
    await withLock(directory, async () => {
      writeFileSync(temporary, "{");
      finding = audit(root, { repair: true });
      // proc(5): a lock that is waited for stands in /proc/locks behind "->".
      const { ino } = statSync(directory);
      const waiter = new RegExp(`-> FLOCK .*:${ino} `);
      await expect.poll(() => readFileSync("/proc/locks", "utf8"), { timeout: 30_000 }).toMatch(waiter);
      rmSync(temporary);
    });
    expect(await finding).toEqual([]);
  });

  it("an image that was put right since it was found", async () => {
    const root = await dockerRoot();
    writeImage(root, "one", "{");
    const two = writeImage(root, "two", "{");
    const found = [];
    for await (const { id } of auditGraph(await openGraph(root), { repair: true })) {
      found.push(id);
      if (id === "one") writeFileSync(join(two, "json"), '{"id":"two"}');
    }
    expect(found).toEqual(["one"]);
    expect(existsSync(two)).toBe(true);
  });
});

describe("through a link nothing leaves the root", () => {
  const places = {
    graph: "graph",
    staging: "graph/:tmp:",
    images: "graph/linked",
    views: "views",
    "what is known of views": "views/:built:",
    uppers: "views/:uppers:",
    mounts: "mounts",
    "a mount": "mounts/0123456789abcdef",
    "what was set aside": "mounts/:aside:",
    "the dictionary's marks": "checksums.pending",
    "lost and found": "lost+found",
    "a file that is to be written": "checksums.new",
    "a file that is to be written in an image": `graph/${left}/checksum.json.new`,
  };

  it.each(Object.entries(places))("for %s", async (_, at) => {
    const outside = await filledRoot(await scratch.fresh());
    const root = await filledRoot(await scratch.fresh());
    await addViews(root, left);
    mkdirSync(join(root, "mounts"));
    // All that could be taken for something to repair, at any of the places.
    writeFileSync(join(outside, "json"), '{"id":"linked"}');
    for (const name of [
      "layer",
      "gone",
      left,
      `${deadOwner}-0123456789abcdef`,
      "gone:image:0a1b2c3d",
      "gone:1-1",
    ])
      mkdirSync(join(outside, name));
    writeMount(join(outside), "0123456789abcdef", { mountId: "damaged" });
    writeFileSync(join(outside, "stray"), "");
    utimesSync(join(outside, "stray"), 1, 1);
    writeImage(root, "broken", "{");
    writeFileSync(join(root, "graph", left, "layer.json"), "{");
    const checksums = join(root, "graph", left, "checksum.json");
    writeFileSync(checksums, JSON.stringify({ ...JSON.parse(readFileSync(checksums, "utf8")), "xz-1": {} }));
    writeFileSync(join(root, "checksums"), "{}");
    rmSync(join(root, at), { recursive: true, force: true });
    symlinkSync(at.endsWith(".new") ? join(outside, "stray") : outside, join(root, at));

    const before = await stateOf(outside);
    const told = await audit(root);
    const done = await audit(root, { repair: true });
    expect(told.length).toBeGreaterThan(0);
    expect(done.length).toBeGreaterThan(0);
    expect(await stateOf(outside)).toEqual(before);
    if (at === "lost+found") {
      expect(new Set(done.map(({ repaired }) => repaired))).toEqual(new Set([false]));
      expect(done[0]?.message).toMatch(/lost\+found is not a directory/);
    }
  });
});

describe("beside processes that work", () => {
  it("nothing is found of images that come and go, nor of mounts", async () => {
    const root = await dockerRoot();
    const graph = await openGraph(root);
    const mounts = openMounts(graph);
    let isDone = false;
    const working = (async () => {
      for (let round = 0; round < 6; round += 1) {
        const made = [];
        for (const parent of [left, "one", "two"]) {
          const id = { [left]: "one", one: "two", two: "three" }[parent] ?? "";
          const record = makeRecord({ id, parent });
          made.unshift(id);
          await graph.register({ record }, async (layer) => {
            writeFileSync(join(layer, `.wh.${id}`), "");
            return {};
          });
        }
        const { mountId, target } = await mounts.mount({ id: "three" });
        writeFileSync(join(target, "written"), "");
        await mounts.deleteImage("three", { force: true });
        await mounts.unmount(mountId);
        for (const id of ["two", "one"]) await mounts.deleteImage(id);
      }
      isDone = true;
    })();
    const findings = [];
    while (!isDone) {
      findings.push(...(await audit(root)), ...(await audit(root, { repair: true })));
    }
    await working;
    await graph.close();
    expect(findings).toEqual([]);
    expect(existsSync(join(root, "lost+found"))).toBe(false);
  });
});

describe("a repair", () => {
  it("leaves a broken image to a child that came meanwhile", async () => {
    const root = await dockerRoot();
    for (const id of ["one", "two"]) writeImage(root, id, { id: "another" });
    const done = [];
    for await (const finding of auditGraph(await openGraph(root), { repair: true })) {
      done.push(finding);
      if (finding.id === "one") writeImage(root, "child", { id: "child", parent: "two" });
    }
    expect(done).toMatchObject([
      { id: "one", repaired: true },
      { id: "two", repaired: false, message: expect.stringMatching(/others still build on it/) },
    ]);
    expect(existsSync(join(root, "graph/two"))).toBe(true);
  });

  it("that is killed loses nothing, wherever that was", async () => {
    const root = await filledRoot(await scratch.fresh());
    await addViews(root, left);
    for (let number = 0; number < 12; number += 1) writeImage(root, `broken-${number}`, "{");
    writeFileSync(join(root, "checksums"), "{}");
    writeFileSync(join(root, "views", left, "intruder"), "");
    const contents = await contentsOf(root);
    const audits = await bundle("audit/index.ts");
    const graphs = await bundle("graph/index.ts");
    for (const most of [1, 3, 5]) {
      const child = startNode(
        `const { auditGraph } = await import(process.argv[1]);
         const { openGraph } = await import(process.argv[2]);
         for await (const _ of auditGraph(await openGraph(process.argv[3]), { repair: true })) console.log();`,
        ...[audits, graphs, root],
      );
      let seen = 0;
      child.stdout.on("data", (chunk) => {
        seen += String(chunk).length;
        if (seen >= most) child.kill("SIGKILL");
      });
      await child.catch(() => undefined);
      expect(await contentsOf(root)).toEqual(expect.arrayContaining(contents));
    }
    expect(existsSync(join(root, "views", left, "intruder"))).toBe(true);
    expect((await audit(root, { repair: true })).filter(({ repaired }) => !repaired)).toEqual([]);
    expect(await contentsOf(root)).toEqual(expect.arrayContaining(contents));
    expect(await audit(root)).toEqual([]);
  });

  it("moves a chain of broken images in one run, each with its view and links, and finds no more then", async () => {
    const root = await filledRoot(await scratch.fresh());
    await addViews(root, right);
    await addViews(root, left);
    for (const id of [right, left, dockerImages.middle])
      rmSync(join(root, "graph", id, "layer"), { recursive: true });
    const contents = await contentsOf(root);
    const told = await audit(root);
    expect(told.filter(({ what }) => what === "missing-layer").map(({ repair }) => repair)).toEqual(
      Array(3).fill("move it to lost+found"),
    );
    const done = await audit(root, { repair: true });
    expect(done.filter(({ repaired }) => !repaired)).toEqual([]);
    expect(done.filter(({ what }) => what === "missing-layer").at(-1)?.id).toBe(dockerImages.middle);
    expect(new Set(done.map(({ what }) => what))).toEqual(
      new Set(["missing-layer", "orphaned-view", "orphaned-view-note"]),
    );
    expect(await contentsOf(root)).toEqual(contents);
    expect(await audit(root)).toEqual([]);
    expect(readdirSync(join(root, "graph")).sort()).toEqual([base, ":tmp:"].sort());
  });

  it("that is broken off loses nothing, and is finished by the next", async () => {
    const root = await filledRoot(await scratch.fresh());
    for (const id of ["one", "two", "three"]) writeImage(root, id, "{");
    mkdirSync(join(root, `graph/:tmp:/${deadOwner}-0123456789abcdef/layer`), { recursive: true });
    writeFileSync(join(root, "checksums"), "{");
    const contents = await contentsOf(root);
    const kinds: string[] = [];
    for (let left = 5; left > 0; left -= 1) {
      for await (const { what, repaired } of auditGraph(await openGraph(root), { repair: true })) {
        expect(repaired).toBe(true);
        kinds.push(what);
        break;
      }
      expect(await contentsOf(root)).toEqual(expect.arrayContaining(contents));
    }
    expect(kinds).toEqual([
      "abandoned-staging",
      ...Array(3).fill("unreadable-record"),
      "unreadable-dictionary",
    ]);
    expect(await audit(root)).toEqual([]);
    expect(readdirSync(join(root, "lost+found"))).toHaveLength(5);
  });

  it("leaves the names of images that are there, and what else the file holds", async () => {
    const root = await filledRoot(await scratch.fresh());
    const path = join(root, "repositories");
    const names = { web: { "1": left, "2": "gone" }, old: { latest: "gone" } };
    writeFileSync(path, JSON.stringify({ Repositories: names, Other: 1 }));
    await audit(root, { repair: true });
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      Repositories: { web: { "1": left } },
      Other: 1,
    });
    const [run = ""] = readdirSync(join(root, "lost+found"));
    expect(JSON.parse(readFileSync(join(root, "lost+found", run, "repositories"), "utf8"))).toEqual({
      ...{ Repositories: names, Other: 1 },
    });
  });

  it("makes a graph of which every image can be loaded again", async () => {
    const root = await filledRoot(await scratch.fresh());
    writeFileSync(join(root, "graph", left, "layer.json"), "");
    writeFileSync(join(root, "graph", left, "checksum.json"), "");
    await audit(root, { repair: true });
    const graph = await openGraph(root);
    expect(await graph.layerFacts(left)).toMatchObject({ entries: 3 });
    // Docker's dictionary still has that one.
    expect(Object.keys(await graph.storedChecksums(left))).toEqual(["docker"]);
  });

  it("by two at once moves each thing once", async () => {
    const root = await dockerRoot();
    const names = Array.from({ length: 20 }, (_, n) => `broken-${n}`);
    for (const id of names) writeImage(root, id, "{");
    const contents = await contentsOf(root);
    const done = await Promise.all([audit(root, { repair: true }), audit(root, { repair: true })]);
    expect(done.flat().map(({ id }) => id)).toHaveLength(names.length);
    expect(await contentsOf(root)).toEqual(contents);
  });

  it("repairs the others where an image cannot be read, and tells that it may build on them", async () => {
    const root = await dockerRoot();
    writeImage(root, "broken", "{");
    const unreadable = writeImage(root, "unreadable");
    const program = join(await scratch.fresh(), "audit.mjs");
    const module = await bundle("audit/index.ts");
    const graphModule = await bundle("graph/index.ts");
    await shell(`chmod -R a+rX "${scratch.path}" && chmod 0 "${unreadable}/json" && touch "${program}"`);
    // Who audits may move what lies there, and no more.
    await shell(
      `mkdir "${root}/lost+found" && chmod a+rwx "${root}/lost+found" "${root}/graph" "${root}/graph/broken"`,
    );
    const { stdout } = await startNode(
      `process.setuid(65534);
       const { auditGraph } = await import(process.argv[1]);
       const { openGraph } = await import(process.argv[2]);
       const audit = auditGraph(await openGraph(process.argv[3]), { repair: true });
       for await (const finding of audit) console.log(JSON.stringify(finding));`,
      ...[module, graphModule, root],
    );
    const findings = stdout.split("\n").map((line) => JSON.parse(line));
    expect(findings).toContainEqual(
      expect.objectContaining({ what: "not-looked-at", code: "NEEDS_ROOT", id: "unreadable", repair: null }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({
        ...{ what: "unreadable-record", id: "broken", repaired: true },
        message: expect.stringContaining("unreadable cannot be read and may build on it"),
      }),
    );
    expect(existsSync(join(root, "graph/broken"))).toBe(false);
  });

  it("ends when it is aborted", async () => {
    const root = await dockerRoot();
    for (const id of ["one", "two"]) writeImage(root, id, "{");
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of auditGraph(await openGraph(root), { repair: true }, abort.signal)) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
    expect(existsSync(join(root, "graph/one")) || existsSync(join(root, "graph/two"))).toBe(true);
  });
});

describe("cycles", () => {
  it("are found as by walking from each image by itself, each once", () => {
    const id = fc.integer({ min: 0, max: 12 }).map((number) => `i${number}`);
    const forest = fc.dictionary(id, fc.option(id)).map((parents) => new Map(Object.entries(parents)));
    fc.assert(
      fc.property(forest, (parents) => {
        const onCycle = [...parents.keys()].filter((start) => {
          let at = parents.get(start);
          for (let steps = 0; steps < parents.size && typeof at === "string" && at !== start; steps += 1) {
            at = parents.get(at);
          }
          return at === start;
        });
        const found = [...cyclesOf(parents)];
        expect(found.flat().sort()).toEqual(onCycle.sort());
        for (const cycle of found) {
          for (const [place, each] of cycle.entries()) {
            expect(parents.get(each)).toBe(cycle[(place + 1) % cycle.length]);
          }
        }
      }),
    );
  });

  it("and chains of any length are no matter", () => {
    const parents = new Map(Array.from({ length: 100_000 }, (_, n) => [`${n}`, `${(n + 1) % 100_000}`]));
    expect([...cyclesOf(parents)].map(({ length }) => length)).toEqual([100_000]);
    parents.set("7", "");
    expect([...cyclesOf(parents)]).toEqual([]);
  });
});

it("docs/check.md has a row for every kind of damage, with its code", () => {
  const text = readFileSync(join(import.meta.dirname, "../../docs/check.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z-]+)` +\| `([A-Z_]+)`/gm)].map(([, what, code]) => [what, code]);
  expect(rows).toEqual(Object.entries(damageKinds));
});
