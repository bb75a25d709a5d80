// Pulls and pushes without a queue.
import type { Graph } from "../../../src/graph/index.js";
import {
  type Pulled,
  type PullRequest,
  type Pushed,
  type PushRequest,
  pullImages,
  pushImage,
} from "../../../src/interchange/index.js";
import type { Registries } from "../../../src/interchange/registry/index.js";
import { parseRegistryReference } from "../../../src/terms/index.js";
import { freeThreads } from "../images/exporting.js";

/** Larger than what the tests move. */
export const limits = {
  maxBytes: 1024 ** 3,
  maxEntries: 100_000,
  maxImportBytes: 4 * 1024 ** 3,
  maxRecordBytes: 100_000,
};
const never = new AbortController().signal;

/** Pulls what a reference stands for. */
export function pullInto(
  graph: Graph,
  registries: Registries,
  reference: string,
  { signal = never, ...options }: Partial<PullRequest> & { readonly signal?: AbortSignal } = {},
): Promise<Pulled> {
  const request = { reference: parseRegistryReference(reference), limits, concurrency: 3, ...options };
  return pullImages(graph, registries, request, signal);
}

/** Pushes the image of a name or an id. */
export async function pushFrom(
  graph: Graph,
  registries: Registries,
  image: string,
  reference: string,
  { signal = never, ...options }: Partial<PushRequest> & { readonly signal?: AbortSignal } = {},
): Promise<Pushed> {
  const request = {
    id: await graph.resolve(image),
    reference: parseRegistryReference(reference),
    threads: freeThreads,
    purpose: "a test's push",
    ...options,
  };
  return pushImage(graph, registries, request, signal);
}
