// The files that differ between two images, by kind and by a text of their paths, a page at a time.
import { useState } from "preact/hooks";
import { formatCount, formatSize } from "../../format.js";
import { Facts, Loaded } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { navigate } from "../../router.js";
import { type ChangeKind, type DiffPage, kindWords } from "./answers.js";
import { shownQuery, withParameters } from "./query.js";

const pageSize = 200;
const kinds = Object.keys(kindWords) as ChangeKind[];

export function ChangedFiles({ a, b }: { a: string; b: string }) {
  const query = shownQuery();
  const [kind, search] = [query.get("kind") ?? "", query.get("search") ?? ""];
  const path = `images/${encodeURIComponent(a)}/diff/${encodeURIComponent(b)}`;
  const head = useResource<DiffPage>(`${path}?limit=1`);
  return (
    <section class="card" aria-label="Files">
      <h2>Files</h2>
      <Loaded resource={head} of="differences">
        {({ counts, bytes: { before, after } }) => (
          <Facts
            large
            facts={[
              ["Added", formatCount(counts.add)],
              ["Changed", formatCount(counts.modify)],
              ["Deleted", formatCount(counts.delete)],
              ["Bytes", `${formatSize(before)} → ${formatSize(after)}`],
            ]}
          />
        )}
      </Loaded>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          Kind
          <select
            value={kind}
            onChange={({ currentTarget }) => navigate(withParameters({ kind: currentTarget.value }))}
          >
            <option value="">all</option>
            {kinds.map((each) => (
              <option key={each} value={each}>
                {kindWords[each]}
              </option>
            ))}
          </select>
        </label>
        <label>
          Path
          <input
            type="search"
            placeholder="part of a path"
            value={search}
            onInput={({ currentTarget }) => {
              navigate(withParameters({ search: currentTarget.value }), "replace");
            }}
          />
        </label>
      </form>
      <div class="files">
        <Page key={`${kind} ${search}`} path={path} kind={kind} search={search} cursor="" />
      </div>
    </section>
  );
}

function Page(props: { path: string; kind: string; search: string; cursor: string }) {
  const { path, ...filters } = props;
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  const resource = useResource<DiffPage>(`${path}?${query}`);
  const [isMore, setIsMore] = useState(false);
  return (
    <Loaded
      resource={resource}
      of="files"
      isEmpty={({ changes }) => changes.length === 0}
      empty="Nothing differs."
    >
      {({ changes, next }) => (
        <>
          <ul>
            {changes.map(({ path, kind, type, size, formerSize, differs }) => (
              <li key={path} data-kind={kind}>
                <div class="row">
                  <span class="name">{path}</span>
                  <span class="badge" data-kind={kind}>
                    {kindWords[kind]}
                  </span>
                  <span class="figures">
                    <span>{type === "directory" && !formerSize ? "" : sizes(formerSize, size)}</span>
                    <span class="muted">{differs.join(", ")}</span>
                  </span>
                </div>
              </li>
            ))}
          </ul>
          {next !== null && isMore && <Page {...props} cursor={next} />}
          {next !== null && !isMore && (
            <button type="button" onClick={() => setIsMore(true)}>
              Show more
            </button>
          )}
        </>
      )}
    </Loaded>
  );
}

function sizes(was: number | null, is: number | null): string {
  if (was === null || is === null || was === is) return formatSize(is ?? was);
  return `${formatSize(was)} → ${formatSize(is)}`;
}
