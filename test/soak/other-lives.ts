// What a soak does besides: jobs that are refused, and jobs that are cancelled while they wait and while they work.
import type { PlannedJob } from "./conductor.js";
import type { Life } from "./image-lives.js";
import { completes, ends, factsOf, imageOf, type Supplies, stores } from "./plan.js";

/** Jobs that cannot succeed, each for another reason. */
export function* refusedLife({ random, archives, gate }: Supplies): Life {
  // Of its own for each: two of the same would join.
  const missing = () => random.hex(32);
  const store = (layer: { path: string } | { url: string; sha256: string }, parent?: string) =>
    ({ image: imageOf(missing(), parent), layer }) as const;
  const good = random.pick(archives.plain);
  const bad = random.pick(archives.bad);
  const refusals = [
    () => ends("store", store({ path: bad.path }), bad.code),
    () => ends("store", store({ path: bad.path }), bad.code),
    () => ends("store", store({ path: `${good.path}.not` }), "SOURCE_NOT_FOUND"),
    () => ends("store", store({ path: "/etc/passwd" }), "SOURCE_FORBIDDEN"),
    () => ends("store", store({ url: gate.urlOf(good.path), sha256: missing() }), "SOURCE_MISMATCH"),
    () => ends("store", store({ path: good.path }, missing()), "PARENT_NOT_FOUND"),
    () => ends("delete", { id: missing() }, "IMAGE_NOT_FOUND"),
    () => ends("checksum", { id: missing() }, "IMAGE_NOT_FOUND"),
    () => ends("mount", { id: missing() }, "IMAGE_NOT_FOUND"),
    () => ends("unmount", { mountId: missing().slice(0, 16) }, "NOT_MOUNTED"),
    () => unchecked("store", { layer: { path: 7 } }, "INVALID_JOB"),
    () => unchecked("checksum", { id: "../../etc" }, "INVALID_ID"),
    () => unchecked("checksum", { id: missing(), recipe: "zip" }, "UNKNOWN_RECIPE"),
    () => unchecked("changes", null, "INVALID_JOB"),
  ] as const;
  yield { jobs: [random.pick(refusals)(), random.pick(refusals)()] };
}

/**
 * Four stores of which the worker takes two at a time: those are held at their source. One that waits is cancelled, then
 * one at work; the others go on.
 */
export function* cancelledStoresLife({ random, archives, gate }: Supplies): Life {
  const ids = [random.hex(32), random.hex(32), random.hex(32), random.hex(32)] as const;
  const archive = random.pick(archives.plain);
  const [ended, finished] = [gate.hold(archive.path), gate.hold(archive.path)];
  const held = ({ url }: typeof ended, id: string) => ({ image: imageOf(id), layer: { url } });
  yield {
    jobs: [
      ends("store", held(ended, ids[0]), "CANCELLED"),
      completes("store", held(finished, ids[1]), { id: ids[1], stored: true, ...factsOf(archive) }),
      ends("store", { image: imageOf(ids[2]), layer: { path: archive.path } }, "CANCELLED"),
      stores(ids[3], archive),
    ],
    async meanwhile([atWork = "", , waiting = ""], conductor) {
      await Promise.all([ended.asked, finished.asked]);
      await conductor.cancel(waiting);
      await conductor.cancel(atWork);
      finished.answer();
    },
  };
  yield { jobs: [completes("delete", { id: ids[1] }), completes("delete", { id: ids[3] })] };
}

/** Checksums that are cancelled while xz runs, alone or as a batch; an end that is faster is right as well. */
export function* cancelledChecksumsLife({ random, archives }: Supplies): Life {
  const [one, other] = [random.hex(32), random.hex(32)];
  const { large } = archives;
  yield { jobs: [stores(one, large), stores(other, large)] };
  const job: PlannedJob = random.chance(0.5)
    ? ends("checksum", { id: one, recipe: "xz-6", force: true }, "CANCELLED", "completed")
    : ends("checksum-graph", { ids: [one, other], recipe: "xz-6" }, "CANCELLED", "completed");
  yield {
    jobs: [job],
    async meanwhile([id = ""], conductor) {
      await conductor.active(id);
      await conductor.cancel(id);
    },
  };
  // The children of the batch have ended with it.
  yield {
    jobs: [completes("checksum", { id: one, recipe: "xz-1" }, { id: one, tarDigest: large.tarDigest })],
  };
  yield { jobs: [completes("delete", { id: one }), completes("delete", { id: other })] };
}

/** A job that the producer would not take, as another program may put it into the queue. */
function unchecked(name: PlannedJob["name"], data: unknown, code: PlannedJob["ends"][number]): PlannedJob {
  return { name, data, ends: [code], isUnchecked: true };
}
