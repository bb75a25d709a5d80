// Which uploads in an inbox jobs are still going to take.
import type { Producer } from "./producer.js";

/**
 * The names of the uploads that jobs name which have not ended.
 * @throws `QUEUE_UNAVAILABLE` if the jobs cannot be read
 */
export async function uploadsInUse(producer: Producer): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const state of ["waiting", "prioritized", "delayed", "active", "waiting-children"] as const) {
    for await (const { data } of producer.jobs({ state })) {
      const { layer, source } = (data ?? {}) as Readonly<
        Record<"layer" | "source", { readonly upload?: unknown } | undefined>
      >;
      for (const from of [layer, source]) if (typeof from?.upload === "string") named.add(from.upload);
    }
  }
  return named;
}
