// What the pages know of the kinds of jobs. The build takes it from the contract, whose schemas no page needs.
import { findSubject, type JobFacts, usualSubject } from "../../../jobs/facts/index.js";
import type { JobRecord } from "./api-types.js";

/** Put in by vite.config.ts. */
declare const JOB_FACTS: readonly JobFacts[];

const kinds: readonly JobFacts[] = JOB_FACTS;

/** The names of the kinds, in the order of the contract. */
export const kindNames = kinds.map(({ name }) => name);
/** Those of which each image has a child job. */
export const batchNames = kinds.filter(({ isBatch }) => isBatch).map(({ name }) => name);
/** Those whose end shows in the picture of the graph. */
export const picturedNames = kinds.filter(({ changesPicture }) => changesPicture).map(({ name }) => name);

/** True for the name of a batch. */
export function isBatch(name: string): boolean {
  return batchNames.includes(name);
}

/** What a job is about, in a few characters: an image, a mount, a name; empty if there is nothing to name. */
export function subjectOf({ name, data, result }: Pick<JobRecord, "name" | "data" | "result">): string {
  return findSubject(kinds.find((kind) => kind.name === name)?.subject ?? usualSubject, { data, result });
}
