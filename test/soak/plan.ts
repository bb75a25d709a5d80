// The jobs of a soak, each with the end that it has to come to.
import type { JobData, JobName } from "../../src/jobs/index.js";
import type { TestRegistry } from "../support/registry/registry.js";
import type { Archive, Archives } from "./archives.js";
import type { Ending, PlannedJob } from "./conductor.js";
import type { Gate } from "./gate.js";
import type { Random } from "./random.js";

/** What the jobs are made from. */
export interface Supplies {
  readonly random: Random;
  readonly archives: Archives;
  readonly gate: Gate;
  readonly registry: TestRegistry;
  /** The worker's root. */
  readonly root: string;
}

/** Of every record, so that a seed makes the same bytes again. */
const created = "2014-05-13T16:53:20Z";

/** A job that completes, with a result that has these fields. */
export function completes<Name extends JobName>(
  name: Name,
  data: JobData<Name>,
  result: PlannedJob["result"] = {},
): PlannedJob {
  return { name, data, ends: ["completed"], result };
}

/** A job that fails with a code, or ends in one of these ways if a race decides. */
export function ends<Name extends JobName>(
  name: Name,
  data: JobData<Name>,
  ...endings: readonly Ending[]
): PlannedJob {
  return { name, data, ends: endings };
}

/** A record's fields. */
export function imageOf(id: string, parent?: string): { id: string; created: string; parent?: string } {
  return { id, created, ...(parent === undefined ? {} : { parent }) };
}

/** The `store` of an archive that lies where the worker may read. */
export function stores(id: string, archive: Archive, parent?: string): PlannedJob {
  return completes(
    "store",
    { image: imageOf(id, parent), layer: { path: archive.path } },
    {
      ...{ id, parent: parent ?? null, stored: true },
      ...factsOf(archive),
    },
  );
}

/** What `store` answers of an archive. */
export function factsOf({ diffId, entries, compression }: Archive) {
  return { diffId, entries, compression };
}
