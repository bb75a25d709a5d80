// What the list of images shows of each.
import type { ImageRow } from "../../api-types.js";
import { formatSize, formatTime, shortId } from "../../format.js";
import type { GridColumn } from "../../lists/index.js";
import { CopyButton } from "../../parts/index.js";

export function pathOfImage(id: string): string {
  return `/images/${encodeURIComponent(id)}`;
}

/** All but the first, which has what selects a row. */
export const imageColumns: readonly GridColumn<ImageRow>[] = [
  { key: "names", title: "Names", sort: "name", cell: (row) => <Names row={row} /> },
  {
    key: "id",
    title: "Id",
    sort: "id",
    isHeader: true,
    cell: ({ id, broken }) =>
      // A stray entry of the directory has no page: its name is no id.
      broken?.code === "INVALID_ID" ? (
        <span class="mono">{id}</span>
      ) : (
        <a class="mono" href={pathOfImage(id)} title={id}>
          {shortId(id)}
        </a>
      ),
  },
  {
    key: "copying",
    title: "Copy",
    head: <span class="hidden">Copy</span>,
    cell: ({ id }) => <CopyButton text={id} what={`the id ${shortId(id)}`} />,
  },
  { key: "size", title: "Layer", sort: "size", cell: ({ layerBytes }) => formatSize(layerBytes) },
  { key: "total", title: "With ancestors", sort: "total", cell: ({ totalBytes }) => formatSize(totalBytes) },
  { key: "created", title: "Created", sort: "created", cell: ({ created }) => <Created at={created} /> },
  { key: "checksum", title: "Checksum", sort: "checksum", cell: (row) => <ChecksumState row={row} /> },
  {
    key: "mounts",
    title: "Mounts",
    sort: "mounts",
    cell: ({ mounts }) => (mounts === 0 ? <span class="muted">–</span> : mounts),
  },
  {
    key: "parent",
    title: "Parent",
    sort: "parent",
    cell: ({ parent }) =>
      parent === null ? (
        <span class="muted">–</span>
      ) : (
        <a class="mono" href={pathOfImage(parent)} title={parent}>
          {shortId(parent)}
        </a>
      ),
  },
];

function Names({ row: { id, names, comment, broken } }: { row: ImageRow }) {
  const [first, ...others] = names;
  return (
    <span class="clamp" title={[...names, comment ?? ""].filter(Boolean).join("\n")}>
      {first !== undefined && <a href={pathOfImage(id)}>{first}</a>}
      {others.length > 0 && <span> {others.join(", ")} </span>}
      {broken !== undefined && (
        <span class="fault" title={broken.message}>
          {" "}
          {broken.code}: {broken.message.replace(/^the image \S+ is broken: /, "")}
        </span>
      )}
      {broken === undefined && <span class="muted"> {comment ?? (first === undefined && "–")}</span>}
    </span>
  );
}

/** In the reader's own time zone; what the record has is told to whoever points at it. */
function Created({ at }: { at: string | null }) {
  const moment = Date.parse(at ?? "");
  if (at === null || Number.isNaN(moment)) return <span class="muted">–</span>;
  return (
    <time dateTime={new Date(moment).toISOString()} title={at}>
      {formatTime(moment).slice(0, -3)}
    </time>
  );
}

function ChecksumState({ row: { checksums, checksum, broken } }: { row: ImageRow }) {
  if (broken !== undefined) return <span class="fault">broken</span>;
  if (checksums.length === 0) return <span class="muted">unchecked</span>;
  return <span title={checksum ?? undefined}>{checksums.join(", ")}</span>;
}
