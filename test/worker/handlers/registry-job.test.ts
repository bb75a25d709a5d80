// The jobs `pull` and `push` against a real registry: what their records tell, what joins, and what the operator decides.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Progress } from "../../../src/jobs/index.js";
import type { Producer } from "../../../src/producer/index.js";
import { listLayers } from "../../../src/worker/handlers/layer-progress.js";
import { expectNothingLeft, runJob, useDock } from "../../support/dock.js";
import { makeSmallLayout } from "../../support/images/small-layout.js";
import { startRegistry, type TestRegistry } from "../../support/registry/registry.js";

const dock = useDock();
let layout: string;
beforeAll(() => {
  layout = join(dock.scratch, "layout");
  makeSmallLayout(layout);
});

/** What a worker is started with that may ask a registry. */
const allowing = ({ host, authFile, caFile }: TestRegistry) => ({
  // On any port: its token server has another.
  allowedRegistries: ["127.0.0.1"],
  ...(caFile === undefined ? { insecureRegistries: [host] } : { registryCaFile: caFile }),
  ...(authFile === undefined ? {} : { registryAuthFile: authFile }),
});

/** Imports the small image, and pushes it. */
async function pushSmall(producer: Producer, ref: string) {
  await runJob(producer, "import", { source: { path: layout } });
  return runJob(producer, "push", { image: "web:1", ref });
}

const id = expect.stringMatching(/^[0-9a-f]{64}$/);
const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const durationMs = expect.any(Number);

describe.each(["plain", "tls", "basic", "token"] as const)("with a registry, %s,", (mode) => {
  it("a push and pulls tell what was sent and what came, and what is there is neither", async () => {
    await using registry = await startRegistry(mode);
    const ref = `${registry.host}/team/web:1`;
    await dock.serving(async ({ producer }) => {
      const pushed = await pushSmall(producer, ref);
      expect(pushed).toEqual({
        ...{ id, ref, digest, mediaType: "application/vnd.oci.image.manifest.v1+json", layers: 2 },
        ...{ bytesSent: expect.any(Number), blobsPresent: 0, blobsMounted: 0, blobsSent: 3, durationMs },
      });
      const again = { ...pushed, bytesSent: expect.any(Number), blobsPresent: 3, blobsSent: 0 };
      expect(await runJob(producer, "push", { image: pushed.id, ref })).toEqual({ ...again, durationMs });
    }, allowing(registry));

    await dock.serving(async ({ producer, root }) => {
      const job = await producer.enqueue("pull", { ref });
      const pulled = await producer.wait(job);
      expect(pulled).toEqual({
        ...{ ref, digest, images: [{ id, names: [ref], layers: 2 }], moved: [], durationMs },
        ...{ layersAdded: 2, layersPresent: 0, layerBytes: 15, bytesFetched: expect.any(Number) },
      });
      const { progress } = (await producer.job(job.id)) ?? {};
      expect(progress).toMatchObject({ phase: "pull", unit: "bytes" });
      const { done, total, layers } = progress as Progress;
      expect(done).toBe(total);
      expect(layers?.map(({ state }) => state)).toEqual(["done", "done"]);
      const second = await runJob(producer, "pull", { ref, name: "again" });
      expect(second).toMatchObject({
        images: [{ names: ["again:1"] }],
        layersAdded: 0,
        layersPresent: 2,
      });
      expect(second.digest).toBe(pulled.digest);
      expect(execFileSync("ls", ["-A", join(root, "graph/:tmp:")], { encoding: "utf8" })).toBe("");
    }, allowing(registry));
  });
});

describe("a pull", () => {
  it("joins one of the same that waits, however it is spelt", async () => {
    await dock.serving(async ({ producer }) => {
      await producer.pause("store");
      const first = await producer.enqueue("pull", { ref: "busybox" });
      const same = await producer.enqueue("pull", { ref: "docker.io/library/busybox:latest" });
      const other = await producer.enqueue("pull", { ref: "busybox", platform: "linux/arm64" });
      expect(same.id).toBe(first.id);
      expect(other.id).not.toBe(first.id);
    });
  });

  it("asks no registry that the operator has not named, nor a push one", async () => {
    await using registry = await startRegistry();
    const ref = `${registry.host}/team/web:1`;
    await dock.serving(async ({ producer, root }) => {
      for (const each of [ref, "busybox"]) {
        await expect(runJob(producer, "pull", { ref: each })).rejects.toMatchObject({
          code: "SOURCE_FORBIDDEN",
          message: expect.stringContaining("--allow-registry"),
        });
      }
      expectNothingLeft(root);
      await expect(pushSmall(producer, ref)).rejects.toMatchObject({ code: "TARGET_FORBIDDEN" });
    });
    expect(await registry.requests()).toEqual([]);
  });

  it("of what is not there, and of a guarded image without credentials, fails once", async () => {
    await using registry = await startRegistry("basic");
    const ref = `${registry.host}/team/web:1`;
    const options = { ...allowing(registry), registryAuthFile: undefined };
    const cases = [
      ["SOURCE_NOT_FOUND", allowing(registry)],
      ["SOURCE_FORBIDDEN", options],
    ] as const;
    for (const [code, each] of cases) {
      await dock.serving(async ({ producer, root }) => {
        const job = await producer.enqueue("pull", { ref });
        await expect(producer.wait(job)).rejects.toMatchObject({ code });
        expect(await producer.job(job.id)).toMatchObject({ state: "failed", attempts: 1 });
        expectNothingLeft(root);
      }, each);
    }
  });

  it("is asked of a mirror first, and of the registry itself where the mirror has nothing", async () => {
    await using registry = await startRegistry();
    await using mirror = await startRegistry();
    const ref = `${registry.host}/team/web:1`;
    const options = { ...allowing(registry), registryMirrors: [`${registry.host}=${mirror.url}`] };
    await dock.serving(async ({ producer }) => {
      await pushSmall(producer, ref);
      // Pushes go to the registry alone.
      expect(await mirror.requests()).toEqual([]);
      await registry.requests();
      await runJob(producer, "pull", { ref });
      expect(await mirror.requests()).toContain("GET /v2/team/web/manifests/1 404");
      expect(await registry.requests()).toContain("GET /v2/team/web/manifests/1 200");
    }, options);
  });
});

it("a push holds to the image that its name stood for when it was first tried", async () => {
  await using registry = await startRegistry();
  const ref = `${registry.host}/team/web:1`;
  await dock.serving(async ({ producer }) => {
    const { id: image } = await pushSmall(producer, ref);
    const job = await producer.enqueue("push", { image: "web:1", ref });
    await producer.wait(job);
    expect((await producer.job(job.id))?.data).toEqual({ image, ref });
  }, allowing(registry));
});

it("a schedule of a reference has an id of its own, and so has that of another", async () => {
  await dock.serving(async ({ producer }) => {
    const cron = "0 4 * * *";
    const schedule = async (name: string, data: object) => (await producer.schedule({ name, data, cron })).id;
    const ids = [
      await schedule("pull", { ref: "debian:12" }),
      await schedule("pull", { ref: "docker.io/library/debian_12" }),
      await schedule("push", { image: "debian:12", ref: "[::1]:5000/base/debian:12" }),
    ];
    expect(ids[0]).toMatch(/^pull\.docker\.io_library_debian_12\.[0-9a-f]{8}$/);
    expect(new Set(ids).size).toBe(3);
    expect(await schedule("pull", { ref: "docker.io/library/debian:12" })).toBe(ids[0]);
    const long = await schedule("pull", { ref: `${"a".repeat(200)}:${"b".repeat(128)}` });
    expect(long.length).toBeLessThanOrEqual(160);
  });
});

it.each([
  ["a registry that is a URL", { allowedRegistries: ["https://registry.example"] }, "--allow-registry"],
  ["an insecure one that is a path", { insecureRegistries: ["registry.example/v2"] }, "--registry-insecure"],
  ["a mirror without a host", { registryMirrors: ["https://mirror.example"] }, "--registry-mirror"],
  [
    "a mirror with a password",
    { registryMirrors: ["docker.io=https://a:s3cret@m.example"] },
    "docker.io=...",
  ],
  ["certificates that are not there", { registryCaFile: "/nowhere/ca.pem" }, "/nowhere/ca.pem"],
])("a worker does not start with %s", async (_, options, named) => {
  const starting = dock.serving(async () => undefined, options);
  await expect(starting).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringContaining(named),
  });
  await starting.catch((error: Error) => expect(error.message).not.toContain("s3cret"));
});

it("of very many layers those are told of that have not ended, in their order", () => {
  const layers = Array.from({ length: 120 }, (_, at) => ({
    ...{ digest: `sha256:${String(at).padStart(64, "0")}`, done: 0, total: 1 },
    state: at % 3 === 0 ? ("waiting" as const) : ("done" as const),
  }));
  const listed = listLayers(layers);
  expect(listed).toHaveLength(50);
  expect(listed.filter(({ state }) => state === "waiting")).toHaveLength(40);
  expect(listed.map((layer) => layer.digest)).toEqual(listed.map((layer) => layer.digest).toSorted());
  expect(listLayers(layers.slice(0, 5))).toEqual(layers.slice(0, 5));
});
