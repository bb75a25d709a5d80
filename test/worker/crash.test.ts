// A worker that is killed, with the locks and the self-test of a real one: other tests have quicker ones.
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { runJob, shell, useDock } from "../support/dock.js";
import { startStevedore } from "../support/processes/stevedore.js";
import { verifiedVariable } from "../support/verified-xz.js";

vi.stubEnv(verifiedVariable, undefined);

const dock = useDock();

it("a store and a checksum whose worker is killed are done by the next worker, once", async () => {
  const root = join(dock.scratch, "crash-root");
  const large = join(dock.scratch, "large.tar");
  shell(
    `cd ${dock.scratch}; mkdir full; head -c 9M /dev/urandom > full/random; seq 500 | (cd full; xargs touch)`,
  );
  shell(`tar -C ${dock.scratch} -cf ${large} full`);
  const graph = "crash";
  const producer = openProducer({ redis: dock.redis, graph });
  try {
    const flags = ["--redis", dock.redis, "--graph", graph, "--allow-source", dock.scratch];
    const victim = startStevedore(["worker", ...flags], { root });
    await victim.says(/serving/);
    await runJob(producer, "store", { image: { id: "large" }, layer: { path: large } });
    const checksum = await producer.enqueue("checksum", { id: "large" });
    for await (const { progress } of producer.follow(checksum)) if (progress !== undefined) break;
    const store = await producer.enqueue("store", { image: { id: "again" }, layer: { path: large } });
    for await (const { state } of producer.follow(store)) if (state === "active") break;
    victim.process.kill("SIGKILL");
    await once(victim.process, "exit");

    const worker = await startWorker({ redis: dock.redis, graph, root, allowedSources: [dock.scratch] });
    expect(await producer.wait(checksum)).toMatchObject({ id: "large" });
    expect(await producer.wait(store)).toMatchObject({ id: "again", stored: true });
    await worker.close(0);
    expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "again", "large"]);
    expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    const trees = ["large", "again"].map((id) =>
      shell(
        `cd ${root}/graph/${id}/layer && tar --sort=name --pax-option=delete=atime,delete=ctime --format=posix -cf - . | sha256sum`,
      ),
    );
    expect(trees[0]).toBe(trees[1]);
  } finally {
    await producer.close();
  }
});
