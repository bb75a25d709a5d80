// All that is found for a text.
import type { ComponentChildren } from "preact";
import type { FoundImage, SearchAnswer } from "../api-types.js";
import { formatCount, shortId } from "../format.js";
import { JobTable, Loaded } from "../parts/index.js";
import { useResource } from "../resource.js";
import { place, queryOf } from "../router.js";
import { imagePath } from "../search-options.js";
import { useTitle } from "../title.js";

/** The most images that are listed. */
const most = 100;

export function SearchPage() {
  const text = (queryOf(place.value).get("q") ?? "").trim();
  useTitle(text === "" ? "Search" : `${text} · Search`);
  const query = new URLSearchParams({ q: text, limit: String(most) });
  const found = useResource<SearchAnswer>(text === "" ? undefined : `search?${query}`);
  return (
    <>
      <h1>{text === "" ? "Search" : <>Found for “{text}”</>}</h1>
      {text === "" ? (
        <p class="muted">Write what you look for into the field above: a name, an id, a word of a comment.</p>
      ) : (
        <Loaded
          resource={found}
          of="images and jobs"
          isEmpty={({ images, jobs }) => images.length === 0 && jobs?.length === 0}
          empty={
            <>
              No image has a name, an id or a comment like this, and no job this id. An id is found by its
              beginning, a name or a comment by all of the words.
            </>
          }
        >
          {(answer) => <Answer answer={answer} reload={found.reload} />}
        </Loaded>
      )}
    </>
  );
}

function Answer(props: { answer: SearchAnswer; reload: () => void }) {
  const { images, total, jobs } = props.answer;
  return (
    <>
      <Part title={`Images (${formatCount(total)})`}>
        {images.length === 0 && <p class="muted">None.</p>}
        <ul class="plain found-images">
          {images.map((image) => (
            <FoundItem key={image.id} image={image} />
          ))}
        </ul>
        {total > images.length && <p class="muted">and {formatCount(total - images.length)} more</p>}
      </Part>
      <Part title="Jobs">
        {jobs === null ? (
          <p class="muted">They are not searched: Redis does not answer.</p>
        ) : jobs.length === 0 ? (
          <p class="muted">None. Jobs are found by their id, and by the image that is meant.</p>
        ) : (
          <JobTable jobs={jobs} onChange={props.reload} />
        )}
      </Part>
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function FoundItem({ image: { id, names, comment } }: { image: FoundImage }) {
  return (
    <li>
      <a href={imagePath(id)}>{names.length > 0 ? names.join(", ") : <code>{shortId(id)}</code>}</a>
      {names.length > 0 && (
        <code class="muted" title={id}>
          {shortId(id)}
        </code>
      )}
      {comment && <span class="muted">{comment}</span>}
    </li>
  );
}
