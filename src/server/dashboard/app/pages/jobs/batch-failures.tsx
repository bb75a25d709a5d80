// The images of a batch that failed: a page at a time while it runs, all of them once its result tells.
import { useState } from "preact/hooks";
import { ask } from "../../api.js";
import type { BatchChildren, FailedImage } from "../../api-types.js";
import { formatCount, shortenIds, shortId } from "../../format.js";

/** How many are shown at once. */
const pageSize = 100;

/**
 * @param path of the batch's job in the API
 * @param known all of them, once the batch has ended
 * @param running what its children are told to be until then
 */
export function BatchFailures(props: {
  path: string;
  known: readonly FailedImage[] | undefined;
  running: BatchChildren | undefined;
}) {
  const { path, known, running } = props;
  const [more, setMore] = useState<{ failures: readonly FailedImage[]; next: string | null }>();
  const [shown, setShown] = useState(pageSize);
  const found = known ?? distinct([...(running?.failures ?? []), ...(more?.failures ?? [])]);
  if (found.length === 0) return null;
  const count = known?.length ?? running?.counts.failed ?? found.length;
  const next = known === undefined ? (more === undefined ? running?.next : more.next) : undefined;
  const showMore = async () => {
    setShown(shown + pageSize);
    if (!next || found.length > shown) return;
    const page = await ask<BatchChildren>(`${path}/children?cursor=${next}`);
    setMore({ failures: [...(more?.failures ?? []), ...page.failures], next: page.next });
  };
  return (
    <section class="card">
      <h2>Failures ({formatCount(count)})</h2>
      <ul class="plain">
        {found.slice(0, shown).map(({ id, image = id, code, message }) => (
          <li key={id}>
            <a class="mono" href={`/images/${encodeURIComponent(image)}`}>
              {shortId(image)}
            </a>{" "}
            <code>{code}</code>
            <span class="reason" title={message}>
              {shortenIds(message)}
            </span>
          </li>
        ))}
      </ul>
      {(found.length > shown || next) && (
        <button type="button" onClick={() => void showMore()}>
          More
        </button>
      )}
    </section>
  );
}

function distinct(failures: readonly FailedImage[]): FailedImage[] {
  return [...new Map(failures.map((failure) => [failure.id, failure])).values()];
}
