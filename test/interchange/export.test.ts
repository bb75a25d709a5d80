// Images out of a graph: read back by skopeo and umoci, and by tar, sha256sum and the eyes of a test.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Graph, makeRecord, openGraph, type RecordFields } from "../../src/graph/index.js";
import { byEngine, hostEngine } from "../support/by-engine.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { exportInto, untar } from "../support/images/exporting.js";
import { skopeoCopy, skopeoInspect, umociUnpack } from "../support/images/peers.js";
import { removeImage } from "../support/images/remove-image.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { withEnvironment } from "../support/processes/environment.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { applyLayers } from "../support/trees/apply-layers.js";
import { makeRichTree } from "../support/trees/rich-tree.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
let graph: Graph;
/** What the images `top` and `side` stand for. */
let trees: Readonly<Record<"top" | "side", string[]>>;

const formats = ["docker", "docker-legacy", "oci"] as const;

beforeAll(async () => {
  graph = await openGraph(await scratch.fresh(), { create: true });
  await add(
    { id: "base", comment: "one of everything", created: "2013-03-23T22:24:18.818426Z" },
    async (layer) => {
      await makeRichTree(layer);
      // What a layer says to those below it is for the next one.
      rmSync(join(layer, "etc/.wh.removed"));
      rmSync(join(layer, "etc/.wh..wh..opq"));
    },
  );
  await add(
    {
      ...{ id: "middle", parent: "base", author: "Jane" },
      container_config: { Cmd: ["/bin/sh", "-c", "rm passwd"] },
    },
    (layer) =>
      script(
        layer,
        "mkdir -p etc usr/lib; touch etc/.wh.passwd usr/lib/.wh..wh..opq; echo 1 > usr/lib/1; ln usr/lib/1 usr/lib/2",
      ),
  );
  await add(
    {
      ...{ id: "top", parent: "middle", architecture: "arm", variant: "v7" },
      ...{ created: "2013-05-29T12:00:00.123456789+02:00" },
      config: { Cmd: ["/bin/sh"], Env: ["A=1"], Memory: 7, Volumes: { "/data": {} }, User: 5, Dns: null },
    },
    (layer) =>
      script(
        layer,
        "mkdir new; mknod new/zero c 1 5; cp /bin/true new/ping; setcap cap_net_raw+ep new/ping; touch .wh.empty; chmod 711 .",
      ),
  );
  await add({ id: "side", parent: "middle", created: "yesterday" }, (layer) =>
    script(layer, "echo side > side"),
  );
  await graph.names.set(
    new Map([
      ["example.com:5000/team/web:1.0", "top"],
      ["web", "top"],
      ["other:2", "side"],
    ]),
  );
  trees = { top: await treeOf("top"), side: await treeOf("side") };
});
afterAll(() => graph.close());

async function add(fields: RecordFields, fill: (layer: string) => Promise<unknown>): Promise<void> {
  await graph.register({ record: makeRecord(fields) }, async (layer) => {
    await fill(layer);
    return {};
  });
}

function script(layer: string, line: string): Promise<unknown> {
  return shell(`set -eu; ${line}; find . -exec touch -h -d @1000000000.5 {} +`, { cwd: layer, locale: "C" });
}

async function treeOf(id: string): Promise<string[]> {
  const tree = await scratch.fresh();
  await applyLayers((await graph.layers(id)).reverse(), tree);
  return listTree(tree);
}

async function exported(references: readonly string[], request: Parameters<typeof exportInto>[3]) {
  return exportInto(await scratch.fresh(), graph, references, request);
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}

function layerJson(id: string): Buffer {
  return readFileSync(join(graph.directory, id, "json"));
}

/** The names in an archive, in order, by GNU tar. */
function namesIn(archive: string): string[] {
  return execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).trim().split("\n");
}

describe("a docker-archive", () => {
  it("is copied by skopeo, and unpacked by umoci it is the merged tree, with one of everything", async () => {
    const { path } = await exported(["top"], { format: "docker", compression: "xz" });
    const directory = await scratch.fresh();
    await skopeoCopy(`docker-archive:${path}`, `oci:${directory}/layout:it`);
    const tree = await umociUnpack(`${directory}/layout:it`, `${directory}/bundle`);
    expect(await listTree(tree)).toEqual(trees.top);
  });

  it("is what docker save writes: a directory for each layer, configs, manifest.json, repositories", async () => {
    const { path, images, layers } = await exported(["web", "top", "side"], { format: "docker" });
    expect(layers).toBe(4);
    const names = ["example.com:5000/team/web:1.0", "web:latest"];
    expect(images).toEqual([
      { id: "top", names },
      { id: "side", names: ["other:2"] },
    ]);
    const files = await untar(path, await scratch.fresh());
    const manifest = readJson(join(files, "manifest.json"));
    const layersOf = (...ids: string[]) => ids.map((id) => `${id}/layer.tar`);
    expect(manifest).toEqual([
      { Config: expect.any(String), RepoTags: names, Layers: layersOf("base", "middle", "top") },
      { Config: expect.any(String), RepoTags: ["other:2"], Layers: layersOf("base", "middle", "side") },
    ]);
    const ofImage = (id: string) => ["VERSION", "json", "layer.tar"].map((name) => `${id}/${name}`);
    const configs = manifest.map(({ Config }: { Config: string }) => Config);
    expect(namesIn(path)).toEqual([
      ...["base", "middle", "top", "side"].flatMap(ofImage),
      ...[...configs, "manifest.json", "repositories"],
    ]);
    expect(readJson(join(files, "repositories"))).toEqual({
      "example.com:5000/team/web": { "1.0": "top" },
      web: { latest: "top" },
      other: { "2": "side" },
    });
    for (const config of configs) {
      expect(`${(await shell(`sha256sum < ${config}`, { cwd: files })).toString().slice(0, 64)}.json`).toBe(
        config,
      );
    }
  });

  it("has for each name what skopeo finds by it", async () => {
    const { path } = await exported(["top", "side"], { format: "docker" });
    for (const name of ["example.com:5000/team/web:1.0", "web:latest", "other:2"]) {
      expect((await skopeoInspect(`docker-archive:${path}:${name}`)).Layers).toHaveLength(3);
    }
  });
});

describe("an OCI layout", () => {
  it("is unpacked by umoci to the merged trees, by each of its names", async () => {
    const { path } = await exported(["side", "top"], { format: "oci" });
    const layout = await untar(path, await scratch.fresh());
    const images = {
      "web:latest": "top",
      "example.com:5000/team/web:1.0": "top",
      "other:2": "side",
    } as const;
    for (const [at, [name, id]] of Object.entries(images).entries()) {
      expect(await listTree(await umociUnpack(`${layout}:${name}`, `${layout}/${at}`))).toEqual(trees[id]);
    }
  });

  it.each(["gzip", "zstd"] as const)(
    "with layers in %s is copied by skopeo, which finds in them the layers' canonical tars",
    async (compression) => {
      const { path } = await exported(["top"], { format: "oci", compression });
      const directory = await scratch.fresh();
      await skopeoCopy(`oci-archive:${path}:web:latest`, `dir:${directory}`, "--dest-decompress");
      const { layers } = readJson(join(directory, "manifest.json"));
      const tars = await Promise.all(
        ["base", "middle", "top"].map(async (id) => {
          const tar = `tar --sort=name --format=posix --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include=security.capability --xattrs-include='user.*' -C '${graph.directory}/${id}/layer' -cf - . | sha256sum`;
          return `sha256:${String(await shell(tar, { locale: "C" })).slice(0, 64)}`;
        }),
      );
      expect(layers.map(({ digest }: { digest: string }) => digest)).toEqual(tars);
    },
  );

  it("has every blob once, under its own sha256, and those that index.json leads to alone", async () => {
    const { path } = await exported(["top", "side", "other:2", "base"], { format: "oci" });
    const names = namesIn(path);
    expect(new Set(names).size).toBe(names.length);
    const layout = await untar(path, await scratch.fresh());
    const blobs = readdirSync(join(layout, "blobs/sha256"));
    const sums = String(await shell("sha256sum *", { cwd: join(layout, "blobs/sha256") }));
    expect(
      sums
        .trim()
        .split("\n")
        .map((line) => line.split("  ")),
    ).toEqual(blobs.sort().map((name) => [name, name]));
    const blob = (digest: string) => readJson(join(layout, "blobs", digest.replace(":", "/")));
    const reached = new Set<string>();
    for (const { digest } of readJson(join(layout, "index.json")).manifests) {
      const { config, layers } = blob(digest);
      for (const each of [digest, config.digest, ...layers.map((layer: { digest: string }) => layer.digest)])
        reached.add(each.slice("sha256:".length));
      expect(blob(config.digest).rootfs.diff_ids).toHaveLength(layers.length);
    }
    expect([...reached].sort()).toEqual(blobs.sort());
    expect(reached.size).toBe(4 + 3 * 2);
  });

  it("has a descriptor for each name, and one without for an image that has none", async () => {
    const { path } = await exported(["base", "top"], { format: "oci" });
    const layout = await untar(path, await scratch.fresh());
    const { manifests } = readJson(join(layout, "index.json"));
    const annotations = (name: string) => ({
      "io.containerd.image.name": name,
      "org.opencontainers.image.ref.name": name,
    });
    expect(manifests.map((each: { annotations?: unknown }) => each.annotations)).toEqual([
      undefined,
      annotations("example.com:5000/team/web:1.0"),
      annotations("web:latest"),
    ]);
  });

  it("is not written with layers in xz, which its readers do not take", async () => {
    const exporting = exported(["top"], { format: "oci", compression: "xz" });
    await expect(exporting).rejects.toMatchObject({
      code: "INVALID_JOB",
      message: expect.stringContaining("xz"),
    });
  });
});

describe("a config", () => {
  async function configOf(id: string) {
    const layout = await untar((await exported([id], { format: "oci" })).path, await scratch.fresh());
    const blob = (digest: string) => readJson(join(layout, "blobs", digest.replace(":", "/")));
    return blob(blob(readJson(join(layout, "index.json")).manifests[0].digest).config.digest);
  }

  it("holds what the records say, as far as its readers can take it, and the records themselves", async () => {
    const { rootfs, ...config } = await configOf("top");
    expect(rootfs).toEqual({
      type: "layers",
      diff_ids: Array(3).fill(expect.stringMatching(/^sha256:[0-9a-f]{64}$/)),
    });
    const { created } = JSON.parse(String(layerJson("middle")));
    expect(config).toEqual({
      created: "2013-05-29T12:00:00.123456789+02:00",
      architecture: "arm",
      os: "linux",
      variant: "v7",
      config: { Cmd: ["/bin/sh"], Env: ["A=1"], Volumes: { "/data": {} } },
      history: [
        { created: "2013-03-23T22:24:18.818426Z", comment: "one of everything" },
        { created, created_by: "/bin/sh -c rm passwd", author: "Jane" },
        { created: "2013-05-29T12:00:00.123456789+02:00" },
      ],
      "org.stevedore.records": ["base", "middle", "top"].map((id) => String(layerJson(id))),
    });
  });

  it("says amd64 and linux for a record that says nothing, and leaves out a time that is none", async () => {
    const config = await configOf("side");
    expect(config).toMatchObject({ architecture: "amd64", os: "linux" });
    expect(config).not.toHaveProperty("created");
    expect(config.history[2]).toEqual({});
  });

  it("that is too large for its readers is LIMIT_EXCEEDED naming the image, and docker-legacy has none", async () => {
    await add({ id: "wordy", comment: '"'.repeat(1_500_000) }, async () => {});
    for (const format of ["docker", "oci"] as const) {
      await expect(exported(["wordy"], { format })).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        message: expect.stringMatching(/\bwordy\b.*docker-legacy/),
      });
    }
    await exported(["wordy"], { format: "docker-legacy" });
  });
});

describe("an archive of docker-legacy", () => {
  it("has the records byte for byte, the canonical tars, and all names that Docker took", async () => {
    const root = await scratch.fresh();
    await unpackDockerGraph(root);
    const { base, middle, left } = dockerImages;
    writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: { Shouted: { v1: left } } }));
    const old = await openGraph(root);
    const { path } = await exportInto(await scratch.fresh(), old, ["b750"], { format: "docker-legacy" });
    const ofImage = (id: string) => ["VERSION", "json", "layer.tar"].map((name) => `${id}/${name}`);
    expect(namesIn(path)).toEqual([...[base, middle, left].flatMap(ofImage), "repositories"]);
    const files = await untar(path, await scratch.fresh());
    expect(readFileSync(join(files, "repositories"), "utf8")).toBe(JSON.stringify({ Shouted: { v1: left } }));
    for (const id of [base, middle, left]) {
      expect(readFileSync(join(files, id, "json"))).toEqual(readFileSync(join(root, "graph", id, "json")));
      expect(readFileSync(join(files, id, "VERSION"), "utf8")).toBe("1.0");
    }
    const tree = await scratch.fresh();
    await shell(`for id in ${middle}; do tar --numeric-owner -xpf ${files}/$id/layer.tar -C ${tree}; done`);
    expect(await listTree(tree)).toEqual(await listTree(join(root, "graph", middle, "layer")));
    const unnamed = await exportInto(await scratch.fresh(), old, ["0896"], { format: "docker-legacy" });
    expect(String(await shell(`tar -xOf '${unnamed.path}' repositories`))).toBe("{}");
    // What today's readers cannot take for a name would keep them from the rest.
    const today = await exportInto(await scratch.fresh(), old, ["b750"], { format: "docker" });
    expect(today.images).toEqual([{ id: left, names: [] }]);
    expect(namesIn(today.path)).not.toContain("repositories");
  });
});

describe("the bytes of an export", () => {
  const choices = [
    { format: "docker", compression: "none" },
    { format: "docker", compression: "xz" },
    { format: "oci", compression: "gzip" },
    { format: "oci", compression: "zstd" },
  ] as const;

  it.each(choices)("are the same whatever the environment, $format in $compression", async (choice) => {
    const one = await exported(["top", "side"], choice);
    const umask = process.umask(0o077);
    const odd = {
      TZ: "Asia/Tokyo",
      LC_ALL: "C.UTF-8",
      GZIP: "-9",
      XZ_OPT: "-9",
      ZSTD_CLEVEL: "19",
      ZSTD_NBTHREADS: "1",
    };
    const take = async () => ({ count: 1, [Symbol.dispose]: () => {} });
    const threads = { threads: 7, take, blocks: byEngine(hostEngine, 1) };
    try {
      await withEnvironment({ ...odd, TAR_OPTIONS: "--owner=5" }, async () => {
        const other = await exported(["top", "side"], { ...choice, threads });
        expect(other.digest).toBe(one.digest);
        await shell(`cmp '${one.path}' '${other.path}'`);
      });
    } finally {
      process.umask(umask);
    }
    const sum = String(await shell(`sha256sum < '${one.path}'`));
    expect(`sha256:${sum.slice(0, 64)}`).toBe(one.digest);
    expect(readFileSync(one.path).length).toBe(one.bytes);
  });

  it("tell of no host: every file is root's, of the epoch, mode 644", async () => {
    for (const format of formats) {
      const { path } = await exported(["top"], { format });
      const list = execFileSync("tar", ["-tvf", path, "--numeric-owner", "--utc"], { encoding: "utf8" });
      for (const line of list.trim().split("\n"))
        expect(line).toMatch(/^-rw-r--r-- 0\/0 +\d+ 1970-01-01 00:00 /);
    }
  });
});

describe("an export", () => {
  it("tells how many bytes of layers it has read, to the end", async () => {
    for (const compression of ["none", "gzip"] as const) {
      const told: [number, number][] = [];
      const onProgress = (done: number, total: number) => void told.push([done, total]);
      await exported(["top"], { format: "oci", compression, onProgress });
      const [done, total] = told.at(-1) ?? [];
      expect(done).toBe(total);
      expect(told.map(([each]) => each)).toEqual(told.map(([each]) => each).sort((a, b) => a - b));
    }
  });

  it("holds its images: none of them is deleted meanwhile", async () => {
    let deleting: Promise<unknown> | undefined;
    const onProgress = () => {
      deleting ??= removeImage(graph, "side").catch((error: unknown) => error);
    };
    await exported(["side"], { format: "docker", purpose: "the export of a test", onProgress });
    expect(await deleting).toMatchObject({
      code: "IMAGE_IN_USE",
      message: expect.stringContaining("the export of a test"),
    });
  });

  it("reads a layer again that changes under its hands, and then has it as it is", async () => {
    await add({ id: "restless" }, (layer) => script(layer, "head -c 3000000 /dev/zero > a; echo > z"));
    const file = join(graph.directory, "restless/layer/z");
    let changes = 0;
    const onProgress = () => {
      if (changes++ === 0) writeFileSync(file, "changed\n");
    };
    for (const compression of ["none", "gzip"] as const) {
      changes = 0;
      const { path } = await exported(["restless"], { format: "docker", compression, onProgress });
      const files = await untar(path, await scratch.fresh());
      const tree = await untar(join(files, "restless/layer.tar"), await scratch.fresh());
      expect(readFileSync(join(tree, "z"), "utf8")).toBe("changed\n");
    }
  });

  it("of a layer that changes without end is CHECKSUM_MISMATCH", async () => {
    await add({ id: "unsteady" }, (layer) => script(layer, "head -c 3000000 /dev/zero > a; echo > z"));
    const onProgress = () => void appendFile(join(graph.directory, "unsteady/layer/z"), "more");
    const exporting = exported(["unsteady"], { format: "oci", onProgress });
    await expect(exporting).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
  });

  it("of a layer that is not what its checksum was computed of is CHECKSUM_MISMATCH naming the image", async () => {
    await add({ id: "rotten" }, async () => {});
    const stored = { checksum: `sha256:${"0".repeat(64)}`, tarDigest: `sha256:${"1".repeat(64)}` };
    const entry = { ...stored, layerBytes: 0, archiveBytes: 0, computedAt: new Date().toISOString() };
    await graph.storeChecksum("rotten", "xz-6", entry);
    for (const format of formats) {
      await expect(exported(["rotten"], { format })).rejects.toMatchObject({
        code: "CHECKSUM_MISMATCH",
        message: expect.stringContaining("rotten"),
      });
    }
  });

  it("of what is not there says so before anything is written", async () => {
    const stage = await scratch.fresh();
    const exporting = exportInto(stage, graph, ["top", "nothing"], { format: "oci" });
    await expect(exporting).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    expect(readdirSync(stage)).toEqual([]);
  });

  it.each(["none", "gzip"] as const)(
    "that is cancelled ends its tools, with layers in %s",
    async (compression) => {
      const controller = new AbortController();
      const onProgress = () => controller.abort();
      const stage = await scratch.fresh();
      const exporting = exportInto(
        stage,
        graph,
        ["top"],
        { format: "docker", compression, onProgress },
        controller.signal,
      );
      await expect(exporting).rejects.toMatchObject({ code: "CANCELLED" });
      expect(await childProcesses()).toEqual([]);
      expect(existsSync(join(graph.root, "leases")) ? readdirSync(join(graph.root, "leases")) : []).toEqual(
        [],
      );
    },
  );
});
