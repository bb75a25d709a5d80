// How an image came about: the first and the last of its ancestors, or all of them as a list.
import { useState } from "preact/hooks";
import type { HistoryImage, HistoryWindow } from "../../api-types.js";
import { formatCount, formatSize, shortId } from "../../format.js";
import { Grid, type GridColumn, useWindow } from "../../lists/index.js";
import { Loaded } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { pathOfImage } from "./columns.js";

/** How many are shown at either end of a long history. */
const ends = 5;
/** A history that is longer is folded. */
const most = 12;

const rowsOf = ({ history }: HistoryWindow) => history;

export function ImageHistory({ reference }: { reference: string }) {
  const path = `images/${encodeURIComponent(reference)}/history`;
  const first = useResource<HistoryWindow>(`${path}?limit=${most}`);
  const total = first.data?.total ?? 0;
  const isDeep = total > most;
  const last = useResource<HistoryWindow>(
    isDeep ? `${path}?offset=${total - ends}&limit=${ends}` : undefined,
  );
  const [isWhole, setWhole] = useState(false);
  return (
    <section class="card">
      <h2>History</h2>
      <Loaded resource={first} of="history">
        {({ history }) =>
          isWhole ? (
            <WholeHistory path={path} />
          ) : (
            <>
              <Steps steps={isDeep ? history.slice(0, ends) : history} from={1} />
              {isDeep && (
                <>
                  <p class="fold">
                    <button type="button" onClick={() => setWhole(true)}>
                      Show all {formatCount(total)}
                    </button>{" "}
                    <span class="muted">{formatCount(total - 2 * ends)} between these</span>
                  </p>
                  <Loaded resource={last} of="oldest">
                    {(oldest) => <Steps steps={oldest.history} from={total - ends + 1} />}
                  </Loaded>
                </>
              )}
            </>
          )
        }
      </Loaded>
    </section>
  );
}

function Steps({ steps, from }: { steps: readonly HistoryImage[]; from: number }) {
  return (
    <ol class="history" start={from} style={{ "--digits": String(from + steps.length).length }}>
      {steps.map(({ id, names, comment, layerBytes, createdBy }) => (
        <li key={id}>
          <a class="mono" href={pathOfImage(id)} title={id}>
            {shortId(id)}
          </a>{" "}
          <span class="muted">{formatSize(layerBytes)}</span>{" "}
          <span class="long">{[...names, comment ?? ""].filter(Boolean).join(" · ")}</span>
          {createdBy !== null && <code class="command">{createdBy}</code>}
        </li>
      ))}
    </ol>
  );
}

const columns: readonly GridColumn<HistoryImage>[] = [
  { key: "step", title: "#", cell: (_, index) => formatCount(index + 1) },
  {
    key: "id",
    title: "Id",
    isHeader: true,
    cell: ({ id }) => (
      <a class="mono" href={pathOfImage(id)} title={id}>
        {shortId(id)}
      </a>
    ),
  },
  { key: "size", title: "Layer", cell: ({ layerBytes }) => formatSize(layerBytes) },
  {
    key: "about",
    title: "Names, comment, command",
    cell: ({ names, comment, createdBy }) => (
      <span class="clamp" title={createdBy ?? undefined}>
        {[...names, comment ?? ""].filter(Boolean).join(" · ")}{" "}
        {createdBy !== null && <code>{createdBy}</code>}
      </span>
    ),
  },
];

function WholeHistory({ path }: { path: string }) {
  const list = useWindow<HistoryImage, HistoryWindow>(path, rowsOf);
  return (
    <Loaded resource={{ data: list.total, error: list.error }} of="whole history">
      {() => <Grid label="The whole history" kind="steps" list={list} columns={columns} />}
    </Loaded>
  );
}
