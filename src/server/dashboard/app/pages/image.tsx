// One image: its record and history, its layer, its mounts, and its checksums with the line that re-checks each.
import { useState } from "preact/hooks";
import type { ImageDetails, ImageSummary, JobRecord } from "../api-types.js";
import { formatCount, formatSize, shortId } from "../format.js";
import { ActionButton, ErrorNotice, Facts, JsonView, LiveJob, startJob } from "../parts/index.js";
import { useResource } from "../resource.js";
import { useTitle } from "../title.js";
import { ImageChecksums } from "./image-checksums.js";

export function ImagePage({ reference }: { reference: string }) {
  const path = `images/${encodeURIComponent(reference)}`;
  const { data, error, reload } = useResource<ImageDetails>(path);
  const [jobs, setJobs] = useState<readonly JobRecord[]>([]);
  useTitle(`Image ${shortId(data?.id ?? reference)}`);
  const start = async (name: string, more: object) => {
    const job = await startJob(name, { id: data?.id, ...more });
    setJobs((last) => [job, ...last.filter(({ id }) => id !== job.id)]);
  };
  return (
    <>
      <div class="heading">
        <h1>
          Image <span class="mono">{shortId(data?.id ?? reference)}</span>
        </h1>
        {data && (
          <div class="actions">
            <a href={`/images/${encodeURIComponent(data.id)}/files`}>Files</a>
            <a href={`/compare?a=${encodeURIComponent(data.id)}`}>Compare</a>
            <ActionButton act={() => start("verify", {})}>Verify</ActionButton>
            <ActionButton act={() => start("checksum", {})}>Checksum</ActionButton>
          </div>
        )}
      </div>
      <ErrorNotice error={error} />
      {error?.code === "AMBIGUOUS_ID" && <Candidates prefix={reference} />}
      {jobs.map((job) => (
        <LiveJob key={job.id} started={job} onEnd={reload} />
      ))}
      {data && <ImageFacts image={data} />}
      {data && <ImageChecksums checksums={data.checksums} />}
      {data && (
        <div class="columns">
          <History path={path} />
          <Relatives image={data} />
        </div>
      )}
      {data && (
        <section class="card">
          <h2>Record</h2>
          <JsonView value={data.record} />
        </section>
      )}
    </>
  );
}

function ImageFacts({ image: { id, names, record, layer, mounts, head } }: { image: ImageDetails }) {
  const { created, comment, author } = record;
  return (
    <section class="card">
      <Facts
        facts={[
          ["Id", <code key="id">{id}</code>],
          ["Names", names.length === 0 ? "–" : names.join(", ")],
          ["Created", text(created)],
          ["Comment", text(comment)],
          ["Author", text(author)],
          ["Layer", layer === null ? "not measured yet" : formatSize(layer.layerBytes)],
          [
            "Entries",
            layer === null ? "–" : `${formatCount(layer.entries)}, ${formatCount(layer.whiteouts)} whiteouts`,
          ],
          ["Head", head ? "yes" : "no"],
          ["diffID", layer?.diffId === undefined ? "–" : <code key="diff">{layer.diffId}</code>],
        ]}
      />
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

function History({ path }: { path: string }) {
  const { data, error } = useResource<{ history: readonly ImageSummary[] }>(`${path}/history`);
  return (
    <section class="card">
      <h2>History</h2>
      <ErrorNotice error={error} />
      <ol class="history">
        {data?.history.map(({ id, names, comment, layerBytes }) => (
          <li key={id}>
            <a class="mono" href={`/images/${encodeURIComponent(id)}`}>
              {shortId(id)}
            </a>{" "}
            <span class="muted">{formatSize(layerBytes)}</span> {names.join(", ")} {comment}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Relatives({ image: { children } }: { image: ImageDetails }) {
  return (
    <section class="card">
      <h2>Children</h2>
      {children.length === 0 && <p class="muted">It has none.</p>}
      <ul class="plain">
        {children.slice(0, 100).map((id) => (
          <li key={id}>
            <a class="mono" href={`/images/${encodeURIComponent(id)}`}>
              {shortId(id)}
            </a>
          </li>
        ))}
      </ul>
      {children.length > 100 && <p class="muted">and {formatCount(children.length - 100)} more</p>}
    </section>
  );
}

function Candidates({ prefix }: { prefix: string }) {
  const query = new URLSearchParams({ prefix, limit: "50" });
  const { data } = useResource<{ images: readonly ImageSummary[]; next: string | null }>(`images?${query}`);
  return (
    <section class="card">
      <h2>Images that begin so</h2>
      <ul class="plain">
        {data?.images.map(({ id, comment }) => (
          <li key={id}>
            <a class="mono" href={`/images/${encodeURIComponent(id)}`}>
              {id}
            </a>{" "}
            {comment}
          </li>
        ))}
      </ul>
      {data?.next && <p class="muted">and more</p>}
    </section>
  );
}

/** A field of a record, which may hold anything. */
function text(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : "–";
}
