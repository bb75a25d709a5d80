// One image: its names, record and history, its layer, its mounts, and its checksums with the line that re-checks each.
import { useState } from "preact/hooks";
import type { ImageDetails, JobRecord } from "../../api-types.js";
import { formatCount, formatSize, formatTime, shortId } from "../../format.js";
import { CopyButton, Facts, JsonView, LiveJob, Loaded, startJob } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { useTitle } from "../../title.js";
import { BrokenImage } from "./broken-image.js";
import { Candidates } from "./candidates.js";
import { pathOfImage } from "./columns.js";
import { ImageActions } from "./image-actions.js";
import { ImageChecksums } from "./image-checksums.js";
import { ImageHistory } from "./image-history.js";
import { ImageNames } from "./image-names.js";

/** How many children are named. */
const shownChildren = 100;

export function ImagePage({ reference }: { reference: string }) {
  const path = `images/${encodeURIComponent(reference)}`;
  const image = useResource<ImageDetails>(`${path}?children=${shownChildren}`);
  const { data, error, reload } = image;
  const [jobs, setJobs] = useState<readonly JobRecord[]>([]);
  const isBroken = error?.code === "IMAGE_BROKEN";
  const isAmbiguous = error?.code === "AMBIGUOUS_ID";
  const shown = data?.names[0] ?? shortId(data?.id ?? reference);
  useTitle(`Image ${shortId(data?.id ?? reference)}`);
  const start = async (name: string, body: object) => {
    const job = await startJob(name, body);
    setJobs((last) => [job, ...last.filter(({ id }) => id !== job.id)]);
  };
  return (
    <>
      <div class="heading">
        <h1 class="long">
          Image{" "}
          {data?.names.length ? (
            <>
              {shown} <span class="mono muted">{shortId(data.id)}</span>
            </>
          ) : (
            <span class="mono">{shown}</span>
          )}
        </h1>
        {data && <ImageActions image={data} start={start} />}
      </div>
      {jobs.map((job) => (
        <LiveJob key={job.id} started={job} onEnd={reload} />
      ))}
      {isBroken && <BrokenImage reference={reference} start={start} />}
      {isAmbiguous && <Candidates prefix={reference} />}
      {!isBroken && (
        <Loaded resource={image} of="image">
          {(found) => (
            <>
              <ImageFacts image={found} />
              <ImageNames image={found} start={start} />
              <ImageChecksums checksums={found.checksums} />
              <ImageHistory reference={found.id} />
              <Relatives image={found} />
              <section class="card">
                <h2>Record</h2>
                <JsonView value={found.record} />
              </section>
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

function ImageFacts({ image: { id, parent, record, layer, mounts, head } }: { image: ImageDetails }) {
  const { created, comment, author } = record;
  return (
    <section class="card">
      <Facts
        facts={[
          ["Id", <LongId key="id" id={id} what="the id" />],
          [
            "Parent",
            parent === null ? (
              "–"
            ) : (
              <a key="parent" class="mono" href={pathOfImage(parent)} title={parent}>
                {shortId(parent)}
              </a>
            ),
          ],
          ["Created", <Created key="created" at={created} />],
          ["Comment", text(comment)],
          ["Author", text(author)],
          ["Layer", layer === null ? "not measured yet" : formatSize(layer.layerBytes)],
          [
            "Entries",
            layer === null ? "–" : `${formatCount(layer.entries)}, ${formatCount(layer.whiteouts)} whiteouts`,
          ],
          ["Head", head ? "yes" : "no"],
          [
            "diffID",
            layer?.diffId === undefined ? "–" : <LongId key="diff" id={layer.diffId} what="the diffID" />,
          ],
        ]}
      />
      <p class="actions">
        <a href={`${pathOfImage(id)}/files`}>Files</a>
        <a href={`/compare?a=${encodeURIComponent(id)}`}>Compare</a>
        <a href={`/graph?selected=${encodeURIComponent(id)}`}>Show in graph</a>
      </p>
      {mounts.length > 0 && (
        <>
          <h2>Mounts</h2>
          <ul class="plain">
            {mounts.map(({ mountId, target, host, driver, state }) => (
              <li key={mountId}>
                <code>{target}</code> on {host} by {driver}, {state}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function LongId({ id, what }: { id: string; what: string }) {
  return (
    <span class="long-id">
      <code>{id}</code> <CopyButton text={id} what={what} />
    </span>
  );
}

/** In the reader's own time zone. */
function Created({ at }: { at: unknown }) {
  const moment = typeof at === "string" ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(moment)) return <>{text(at)}</>;
  return (
    <time dateTime={new Date(moment).toISOString()} title={String(at)}>
      {formatTime(moment)}
    </time>
  );
}

function Relatives({ image: { children, childCount } }: { image: ImageDetails }) {
  return (
    <section class="card">
      <h2>Children</h2>
      {children.length === 0 && <p class="muted">It has none.</p>}
      <ul class="plain children">
        {children.map((id) => (
          <li key={id}>
            <a class="mono" href={pathOfImage(id)} title={id}>
              {shortId(id)}
            </a>
          </li>
        ))}
      </ul>
      {childCount > children.length && (
        <p class="muted">and {formatCount(childCount - children.length)} more</p>
      )}
    </section>
  );
}

/** A field of a record, which may hold anything. */
function text(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : "–";
}
