// What stands for a whole soak, an image with its checksum and a mount: for the probes, and for the jobs that fill Redis.
import type { Archive } from "./archives.js";
import type { PlannedJob } from "./conductor.js";
import { completes, ends, imageOf, stores } from "./plan.js";
import type { Random } from "./random.js";

/** The id of the image that stands. No other begins as it does. */
export const standingId = `probe${"0".repeat(59)}`;

/** The jobs that make it, one after the other. */
export function standingJobs(archive: Archive): readonly PlannedJob[] {
  return [
    stores(standingId, archive),
    completes("checksum", { id: standingId }, { cached: false, tarDigest: archive.tarDigest }),
    completes("mount", { id: standingId }, { layers: 1 }),
  ];
}

/** The job whose duration is watched: a checksum that is stored, which costs the worker next to nothing. */
export const probe = completes("checksum", { id: standingId }, { id: standingId, cached: true });

const rounds = 20;
/** No more are joined than there are prefixes to name the image by. */
const perRound = 50;

/**
 * Rounds of jobs that cost next to nothing, after which every queue holds as many records as it ever will: the 1,000
 * completed ones that BullMQ keeps, and `failed` others. The 4,000 events of the former fill the streams.
 */
export function* fillingJobs(
  archive: Archive,
  mountId: string,
  failed: number,
  random: Random,
): Generator<PlannedJob[]> {
  for (let round = 0; round < rounds; round++) {
    yield Array.from({ length: perRound }, (_, n) => [
      completes("store", { image: imageOf(standingId), layer: { path: archive.path }, ifExists: "skip" }),
      completes("checksum", { id: standingId.slice(0, 14 + n) }),
      completes("changes", { mountId }),
      // As many batches as in the mixture, for their records have a key more.
      ...(n % 25 === 0 ? [completes("verify-graph", { ids: [standingId] }, { total: 1, verified: 1 })] : []),
    ]).flat();
  }
  for (let round = 0; round < failed / perRound; round++) {
    yield Array.from({ length: perRound }, () => [
      ends("delete", { id: random.hex(32) }, "IMAGE_NOT_FOUND"),
      ends("checksum", { id: random.hex(32) }, "IMAGE_NOT_FOUND"),
      ends("changes", { mountId: random.hex(8) }, "NOT_MOUNTED"),
    ]).flat();
  }
}
