// What is known of a kind of job without its schemas.
import type { SubjectPath } from "./subject.js";

export interface JobFacts {
  readonly name: string;
  readonly queue: string;
  /** Whether each image of it has a child job of its own. */
  readonly isBatch: boolean;
  /** Whether its end shows in the dashboard's picture of the graph. */
  readonly changesPicture: boolean;
  /** Where lists find what a job is about: the first that is there. */
  readonly subject: readonly SubjectPath[];
}
