// Round trips by a real registry, guarded in every way, with skopeo, umoci, podman and Docker at the other end.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { importImages } from "../../src/interchange/index.js";
import { openRegistries, type Registries } from "../../src/interchange/registry/index.js";
import { runJob, useDock } from "../support/dock.js";
import { packBase } from "../support/engines/base-image.js";
import { type BuiltImage, builtImages } from "../support/engines/built-images.js";
import { useDocker, usePodman } from "../support/engines/use-engines.js";
import { imageOf, recompress } from "../support/images/oci-layout.js";
import { skopeoCopy, umociUnpack } from "../support/images/peers.js";
import { makeRealImages } from "../support/images/real-images.js";
import { shownTree } from "../support/mounts/scratch-mounts.js";
import { type RegistryMode, startRegistry, type TestRegistry } from "../support/registry/registry.js";
import { limits, pullInto, pushFrom } from "../support/registry/transfers.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { applyLayers } from "../support/trees/apply-layers.js";

const scratch = useScratchDirectory();
const dock = useDock();
let layout: string;
let tree: readonly string[];

beforeAll(async () => {
  layout = await makeRealImages(join(scratch.path, "made"));
  tree = await shownTree(await umociUnpack(`${layout}:all`, join(scratch.path, "bundle")));
  recompress(layout, "all", "mixed", ["zstd", "none", "gzip"]);
});

/** A registry, what asks it, and an empty graph. */
interface Place extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly registries: Registries;
  readonly graph: Graph;
  /** Another graph, which is empty. */
  newGraph(): Promise<Graph>;
  /** Puts an image of umoci's layout into the registry. */
  serve(tag: string, to: string): Promise<void>;
}

async function place(mode: RegistryMode = "plain"): Promise<Place> {
  const registry = await startRegistry(mode);
  const registries = openRegistries(registry.policy);
  const graphs: Graph[] = [];
  const newGraph = async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    graphs.push(graph);
    return graph;
  };
  const options = await skopeoOptions(registry);
  return {
    registry,
    registries,
    graph: await newGraph(),
    newGraph,
    async serve(tag, to) {
      await skopeoCopy(`oci:${layout}:${tag}`, `docker://${registry.host}/${to}`, ...options);
      await registry.requests();
    },
    async [Symbol.asyncDispose]() {
      for (const graph of graphs) await graph.close();
      await registries.close();
      await registry[Symbol.asyncDispose]();
    },
  };
}

/** With these skopeo may push, and leaves the layers as they are. */
async function skopeoOptions({ authFile, caFile, host }: TestRegistry): Promise<string[]> {
  const login = authFile === undefined ? [] : ["--dest-authfile", authFile];
  if (caFile === undefined) return ["--dest-tls-verify=false", "--preserve-digests", ...login];
  const directory = await scratch.fresh();
  writeFileSync(join(directory, "ca.crt"), readFileSync(caFile));
  expect(host).not.toBe("");
  return ["--dest-cert-dir", directory, "--preserve-digests", ...login];
}

async function shown(graph: Graph, name: string): Promise<readonly string[]> {
  const merged = await scratch.fresh();
  await applyLayers((await graph.layers(name)).reverse(), merged);
  return shownTree(merged);
}

/** The requests for what is neither a ping nor a look, without their host. */
const moved = (requests: readonly string[]) =>
  requests.filter((request) => !/^(?:GET \/v2\/ |HEAD )/.test(request) && !request.includes("/v2/auth"));

describe.each<RegistryMode>(["plain", "tls", "basic", "token"])("by a registry in mode %s", (mode) => {
  it("an image of skopeo's is, pulled, what umoci unpacks, and goes back with the same digest", async () => {
    await using it = await place(mode);
    const { registry, registries, graph } = it;
    await it.serve("mixed", "team/web:1");
    const reference = `${registry.host}/team/web:1`;
    const { descriptor, manifest } = imageOf(layout, "mixed");
    const pulled = await pullInto(graph, registries, reference);
    expect(pulled.digest).toBe(descriptor.digest);
    expect(pulled.images).toMatchObject([
      { id: manifest.config.digest.replace("sha256:", ""), names: [reference], layers: 7 },
    ]);
    if (mode === "plain") expect(await shown(graph, reference)).toEqual(tree);
    await registry.requests();
    const pushed = await pushFrom(graph, registries, reference, `${registry.host}/team/web:2`);
    expect(pushed).toMatchObject({ digest: descriptor.digest, blobsSent: 0, bytesSent: descriptor.size });
    expect(moved(await registry.requests()).filter((request) => !request.endsWith(" 401"))).toEqual([
      "PUT /v2/team/web/manifests/2 201",
    ]);
    const elsewhere = await pushFrom(graph, registries, reference, `${registry.host}/other/web:1`);
    expect(elsewhere).toMatchObject({ digest: descriptor.digest, blobsSent: 0 });
    expect(elsewhere.blobsMounted).toBeGreaterThan(0);
  });
});

describe("by a registry", () => {
  it("a second pull fetches the manifest alone, and one whose base is there the rest alone", async () => {
    await using it = await place();
    const { registry, registries, graph } = it;
    await it.serve("all", "team/web:all");
    await it.serve("sibling", "team/web:sibling");
    await pullInto(graph, registries, `${registry.host}/team/web:all`);
    await registry.requests();
    const again = await pullInto(graph, registries, `${registry.host}/team/web:all`);
    expect(moved(await registry.requests())).toEqual(["GET /v2/team/web/manifests/all 200"]);
    expect(again).toMatchObject({ layersAdded: 0, layersPresent: 7 });
    const sibling = await pullInto(graph, registries, `${registry.host}/team/web:sibling`);
    expect(sibling).toMatchObject({ layersAdded: 1, layersPresent: 3 });
    const { manifest } = imageOf(layout, "sibling");
    expect(moved(await registry.requests())).toEqual([
      "GET /v2/team/web/manifests/sibling 200",
      `GET /v2/team/web/blobs/${manifest.config.digest} 200`,
      `GET /v2/team/web/blobs/${manifest.layers.at(-1)?.digest} 200`,
    ]);
  });

  it("an image whose blobs are elsewhere is made anew, and keeps its image ID", async () => {
    await using one = await place();
    await using other = await place();
    await one.serve("mixed", "team/web:1");
    const reference = `${one.registry.host}/team/web:1`;
    const { manifest, descriptor } = imageOf(layout, "mixed");
    await pullInto(one.graph, one.registries, reference);
    const to = `${other.registry.host}/team/web:1`;
    const first = await pushFrom(one.graph, other.registries, reference, to);
    expect(first.digest).not.toBe(descriptor.digest);
    const back = await pullInto(other.graph, other.registries, to);
    expect(back.images[0]?.id).toBe(manifest.config.digest.replace("sha256:", ""));
    expect(await shown(other.graph, to)).toEqual(tree);
    await other.registry.requests();
    const second = await pushFrom(one.graph, other.registries, reference, `${to}-again`);
    expect(second).toMatchObject({ digest: first.digest, blobsSent: 0 });
    expect(moved(await other.registry.requests())).toEqual(["PUT /v2/team/web/manifests/1-again 201"]);
  });
});

describe("engines", () => {
  const [docker, podman] = [useDocker(), usePodman()];
  let there: Place;
  beforeAll(async () => {
    there = await place();
  });
  afterAll(() => there[Symbol.asyncDispose]());

  it.each(["steps", "by-buildah", "by-buildah-oci"])(
    "pull %s when it was pushed, by the same image ID",
    async (name) => {
      const { registry, registries, newGraph } = there;
      const { docker: saved, pushed } = (await builtImages()).get(name) as BuiltImage;
      const graph = await newGraph();
      await using file = await open(pushed ?? saved, "r");
      const { images } = await importImages(graph, file, { limits });
      for (const format of ["oci", "docker"] as const) {
        const to = `${registry.host}/${name}/${format}:1`;
        // Docker 20.10 knows no zstd.
        await pushFrom(graph, registries, images[0]?.id ?? "", to, { format, compression: "gzip" });
        await podman.run(["pull", "--quiet", "--tls-verify=false", to]);
        await docker.run(["pull", "--quiet", to]);
        for (const engine of [podman, docker]) {
          expect(await engine.imageId(to)).toBe(`sha256:${images[0]?.id}`);
          await engine.remove(to);
        }
      }
    },
  );

  it("run an image that was made by a store and a commit", () =>
    dock.serving(async ({ producer, root }) => {
      const { registry, registries } = there;
      const directory = join(dock.scratch, "base");
      mkdirSync(directory);
      const base = await packBase(directory);
      const record = { id: "base", config: { Cmd: ["/bin/cat", "/etc/motd"] } };
      await runJob(producer, "store", { image: record, layer: { path: base } });
      const { target, mountId } = await runJob(producer, "mount", { id: "base" });
      writeFileSync(join(target, "etc/motd"), "committed\n");
      const config = { Cmd: ["/bin/sh", "-c", "cat /etc/motd; ls /usr/share/doc"] };
      await runJob(producer, "commit", { mountId, image: { id: "top", config } });
      await runJob(producer, "unmount", { mountId });
      const graph = await openGraph(root);
      try {
        for (const format of ["oci", "docker"] as const) {
          const to = `${registry.host}/made/${format}:1`;
          await pushFrom(graph, registries, "top", to, { format });
          await podman.run(["pull", "--quiet", "--tls-verify=false", to]);
          await docker.run(["pull", "--quiet", to]);
          // A container takes its time, and both have the same layers.
          if (format === "oci") expect(await podman.start(to)).toBe("committed\n1\n2\n3");
        }
      } finally {
        await graph.close();
      }
    }));
});
