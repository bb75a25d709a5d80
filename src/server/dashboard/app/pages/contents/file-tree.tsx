// The files of an image, or what a layer does, as a tree: each directory is asked for when it is opened, a page at a time.
import { useState } from "preact/hooks";
import { formatSize, formatTime } from "../../format.js";
import { Loaded } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { type FileEntry, type FilesPage, kindWords } from "./answers.js";
import { addressOfFile } from "./file-preview.js";
import { shownQuery, toggleOpen, withParameters } from "./query.js";

const pageSize = 200;

/** What is listed, and of which image. */
interface Listed {
  readonly image: string;
  readonly layer: string;
  /** Everything whose path has this text, as a list; the tree where it is empty. */
  readonly search: string;
}

export function FileTree(listed: Listed) {
  return (
    <div class="files">
      <Page listed={listed} path="" cursor="" />
    </div>
  );
}

/** A page of a directory, and the pages behind it that were asked for. */
function Page({ listed, path, cursor }: { listed: Listed; path: string; cursor: string }) {
  const { image, layer, search } = listed;
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const [name, value] of Object.entries({ path, layer, search, cursor }))
    if (value) query.set(name, value);
  const resource = useResource<FilesPage>(`images/${encodeURIComponent(image)}/files?${query}`);
  const [isMore, setIsMore] = useState(false);
  return (
    <Loaded
      resource={resource}
      of="files"
      isEmpty={({ entries }) => entries.length === 0}
      empty={search === "" ? "Nothing lies here." : "No path has this text."}
    >
      {({ entries, next }) => (
        <>
          <ul>
            {entries.map((entry) => (
              <Row key={entry.path} listed={listed} entry={entry} />
            ))}
          </ul>
          {next !== null && isMore && <Page listed={listed} path={path} cursor={next} />}
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

function Row({ listed, entry }: { listed: Listed; entry: FileEntry }) {
  const { path, type, kind, size, mode, uid, gid, mtime, device } = entry;
  const isOpen = shownQuery().getAll("open").includes(path);
  const opens = type === "directory" && kind !== "delete" && listed.search === "";
  return (
    <li data-kind={kind ?? undefined}>
      <div class="row">
        <Name listed={listed} entry={entry} isOpen={opens ? isOpen : undefined} />
        {kind !== null && (
          <span class="badge" data-kind={kind}>
            {kindWords[kind]}
          </span>
        )}
        <span class="figures">
          <span>{type === "file" ? formatSize(size) : (device ?? "")}</span>
          <span class="mono">{mode}</span>
          <span class="mono">
            {uid}:{gid}
          </span>
          <time dateTime={mtime} title={mtime}>
            {formatTime(Date.parse(mtime))}
          </time>
        </span>
      </div>
      {opens && isOpen && <Page listed={listed} path={path} cursor="" />}
    </li>
  );
}

function Name(props: { listed: Listed; entry: FileEntry; isOpen: boolean | undefined }) {
  const { listed, entry, isOpen } = props;
  const { path, name, type, kind, target } = entry;
  const shown = listed.search === "" ? name : path;
  if (isOpen !== undefined) {
    return (
      <button class="fold" type="button" aria-expanded={isOpen} onClick={() => toggleOpen(path)}>
        {shown}/
      </button>
    );
  }
  if (kind === "delete" || (type !== "file" && type !== "symlink")) {
    return <span class="name">{type === "directory" ? `${shown}/` : shown}</span>;
  }
  return (
    <span class="name">
      <a
        href={withParameters({ file: path })}
        aria-current={shownQuery().get("file") === path ? "true" : undefined}
      >
        {shown}
      </a>
      {target !== null && ` → ${target}`}{" "}
      {type === "file" && (
        <a class="download" href={addressOfFile(entry.layer, path)} download aria-label={`Download ${name}`}>
          Download
        </a>
      )}
    </span>
  );
}
