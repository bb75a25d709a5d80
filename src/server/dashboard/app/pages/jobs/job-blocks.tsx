// The blocks that a checksum was made of, and who made them.
import type { JobRecord } from "../../api-types.js";
import { formatCount } from "../../format.js";

interface Blocks {
  readonly total: number;
  /** Kept from a try before. */
  readonly reused: number;
  /** Made by compressors. */
  readonly remote: number;
}

/** Nothing for a job that tells of no blocks. */
export function JobBlocks({ job }: { job: JobRecord }) {
  const blocks = (job.result as { readonly blocks?: Blocks } | null)?.blocks;
  if (blocks === undefined) return null;
  const { total, reused, remote } = blocks;
  const makers = [
    ["made by the worker itself", total - reused - remote],
    ["made by compressors", remote],
    ["kept from a try before", reused],
  ] as const;
  return (
    <section class="card">
      <h2>Blocks</h2>
      <p>
        {formatCount(total)} {total === 1 ? "block" : "blocks"} of the layer:
      </p>
      <ul class="plain blocks">
        {makers
          .filter(([, count]) => count > 0)
          .map(([text, count]) => (
            <li key={text}>
              <meter min={0} max={total} value={count} aria-label={`Blocks ${text}`} /> {formatCount(count)}{" "}
              {text}
            </li>
          ))}
      </ul>
    </section>
  );
}
