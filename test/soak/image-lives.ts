// What an image goes through in a soak, from its store to its deletion: checksums, verifications, batches, uploads.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { RecipeName } from "../../src/jobs/index.js";
import type { Outcome, PlannedJob, Step } from "./conductor.js";
import { completes, ends, factsOf, imageOf, type Supplies, stores } from "./plan.js";

/** Some images' life: each step's jobs are handed in once those of the last have ended. Nothing is left at the end. */
export type Life = Generator<Step, void, readonly Outcome[]>;

/** One image: its checksum new, joined, cached and forced, its verification, its id taken, its deletion. */
export function* singleLife({ random, archives }: Supplies): Life {
  const id = random.hex(32);
  const archive = random.pick(archives.plain);
  const recipe = random.pick(["xz-6", "xz-1", "xz-1"] as const);
  yield { jobs: [stores(id, archive)] };

  const fresh = completes("checksum", { id, recipe }, { id, cached: false, tarDigest: archive.tarDigest });
  const [first] = yield { jobs: random.chance(0.3) ? [fresh, { ...fresh, joins: true }] : [fresh] };
  const known = { id, checksum: first?.result.checksum, tarDigest: archive.tarDigest };
  yield { jobs: [completes("checksum", { id, recipe }, { ...known, cached: true })] };
  if (random.chance(0.3))
    yield { jobs: [completes("checksum", { id, recipe, force: true }, { ...known, cached: false })] };
  if (random.chance(0.6)) yield { jobs: [verifies(id, archive.tarDigest, random.chance(0.2))] };
  // A prefix names it as well.
  yield { jobs: [completes("checksum", { id: id.slice(0, 16), recipe }, { ...known, cached: true })] };
  if (random.chance(0.3)) yield { jobs: [takenId(id, archive.path, random.chance(0.5))] };
  yield { jobs: [completes("delete", { id }, { id })] };
  if (random.chance(0.2)) yield { jobs: [ends("delete", { id }, "IMAGE_NOT_FOUND")] };
}

/** Three images in batches, with one that is not there. */
export function* batchLife({ random, archives }: Supplies): Life {
  const ids = [random.hex(32), random.hex(32), random.hex(32)];
  const missing = random.hex(32);
  yield { jobs: ids.map((id) => stores(id, random.pick(archives.plain))) };
  const failed = [{ id: missing, code: "IMAGE_NOT_FOUND", message: `there is no image "${missing}"` }];
  const recipe: RecipeName = "xz-1";
  const sum = (computed: number, cached: number) =>
    completes("checksum-graph", { ids: [...ids, missing], recipe }, { total: 4, computed, cached, failed });
  yield { jobs: [sum(3, 0)] };
  yield { jobs: [sum(0, 3)] };
  yield { jobs: [completes("verify-graph", { ids }, { total: 3, verified: 3, failed: [] })] };
  yield { jobs: ids.map((id) => completes("delete", { id }, { id })) };
}

/** An upload, which its job takes out of the inbox, and a checksum that the store job adds itself. */
export function* uploadLife({ random, archives, gate, root }: Supplies): Life {
  const id = random.hex(32);
  const archive = random.pick(archives.plain);
  const isUpload = random.chance(0.5);
  const upload = `upload-${id.slice(0, 16)}`;
  if (isUpload) copyFileSync(archive.path, join(root, "inbox", upload));
  const layer = isUpload ? { upload } : { url: gate.urlOf(archive.path), sha256: archive.sha256 };
  const image = imageOf(id);
  const expected = { id, stored: true, ...factsOf(archive) };
  yield { jobs: [completes("store", { image, layer, checksum: "xz-1" }, expected)] };
  // It joins the other or finds its checksum, whichever is faster.
  const { tarDigest } = archive;
  yield { jobs: [{ ...completes("checksum", { id, recipe: "xz-1" }, { id, tarDigest }), joins: "maybe" }] };
  yield { jobs: [verifies(id, tarDigest, false)] };
  yield { jobs: [completes("delete", { id }, { id })] };
}

function verifies(id: string, tarDigest: string, explain: boolean): PlannedJob {
  return completes(
    "verify",
    { id, ...(explain ? { explain } : {}) },
    {
      ...{ id, ok: true },
      ...{ expected: tarDigest, actual: tarDigest },
    },
  );
}

function takenId(id: string, path: string, isSkipped: boolean): PlannedJob {
  const data = { image: imageOf(id), layer: { path } };
  return isSkipped
    ? completes("store", { ...data, ifExists: "skip" }, { id, stored: false })
    : ends("store", data, "IMAGE_EXISTS");
}
