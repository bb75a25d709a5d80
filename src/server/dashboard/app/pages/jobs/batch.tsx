// A batch: a bar for the whole and one for each layer at work, how fast it goes, when it will be done, what failed.

import { useState } from "preact/hooks";
import { pathTo } from "../../api.js";
import type { BatchChildren, JobEvent, JobRecord } from "../../api-types.js";
import { formatCount, formatDuration, formatRate, formatSeconds, formatSize, shortId } from "../../format.js";
import { useJobEvents, useProgress, withEvent } from "../../live-jobs.js";
import {
  BatchWaiting,
  CancelButton,
  EndNotice,
  Facts,
  hasEnded,
  JobMoment,
  Loaded,
  ProgressBar,
  RemoveButton,
  RetryButton,
  State,
} from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { useTitle } from "../../title.js";
import { BatchFailures } from "./batch-failures.js";
import { NoJob, Removed } from "./job.js";

/** Where all batches run. */
const queue = "checksum";

interface BatchResult {
  readonly total: number;
  readonly computed?: number;
  readonly cached?: number;
  readonly verified?: number;
  readonly failed: readonly { readonly id: string; readonly code: string; readonly message: string }[];
  readonly cancelled?: readonly string[];
  readonly layerBytes: number;
  readonly durationMs: number;
}

export function BatchPage({ id }: { id: string }) {
  const path = `jobs/${pathTo(queue, id)}`;
  const job = useResource<JobRecord>(path);
  const children = useResource<BatchChildren>(`${path}/children`);
  const isOwn = (event: JobEvent) =>
    event.queue === queue && (event.id === id || event.id.startsWith(`${id}.`));
  const progress = useProgress(path, isOwn);
  useJobEvents(path, isOwn, (event) => {
    if (event.progress !== undefined) return;
    children.reload();
    if (event.id === id) job.reload();
  });
  const batch = job.data && withEvent(job.data, progress.get(id));
  useTitle(batch?.name ?? "Batch");
  const [isRemoved, setRemoved] = useState(false);
  const reload = () => {
    job.reload();
    children.reload();
  };
  if (isRemoved) return <Removed />;
  return (
    <>
      <div class="heading">
        <h1>{batch?.name ?? "Batch"}</h1>
        {batch && (
          <div class="actions">
            <CancelButton job={batch} onDone={reload} />
            <RetryButton job={batch} onDone={reload} />
            <RemoveButton job={batch} onDone={() => setRemoved(true)} />
            <a href={`/jobs/${pathTo(queue, id)}`}>Its job</a>
          </div>
        )}
      </div>
      <Loaded resource={{ data: batch, error: job.error }} of="batch">
        {(shown) => (
          <>
            <Whole batch={shown} known={children.data} />
            <EndNotice job={shown} />
            {!hasEnded(shown) && (
              <Loaded resource={{ data: children.data, error: undefined }} of="layers at work">
                {({ active }) => <Layers active={active} progress={progress} />}
              </Loaded>
            )}
            {shown.name === "verify-graph" && !hasEnded(shown) && (
              <p class="muted">Layers that are not the stored ones are listed when the batch has ended.</p>
            )}
            <BatchFailures path={path} known={resultOf(shown)?.failed} running={children.data} />
          </>
        )}
      </Loaded>
      {job.error?.status === 404 && <NoJob what="batch" />}
    </>
  );
}

/** A bar for each layer that is being read; the others have been taken up, and wait for a thread. */
function Layers(props: { active: BatchChildren["active"]; progress: ReadonlyMap<string, JobEvent> }) {
  const known = props.active.map((child) => ({
    ...child,
    progress: props.progress.get(child.id)?.progress ?? child.progress,
  }));
  const read = known.filter(({ progress }) => progress !== null);
  const waiting = known.length - read.length;
  return (
    <section class="card">
      <h2>Layers at work</h2>
      {known.length === 0 && <p class="muted">None right now.</p>}
      <ul class="plain bars">
        {read.map(({ id, image, progress }) => (
          <li key={id}>
            <a class="mono" href={`/images/${encodeURIComponent(image)}`}>
              {shortId(image)}
            </a>
            <ProgressBar label={`Layer of ${image}`} progress={progress} />
          </li>
        ))}
      </ul>
      {waiting > 0 && (
        <p class="muted">
          {formatCount(waiting)} {waiting === 1 ? "waits" : "wait"} for a thread.
        </p>
      )}
    </section>
  );
}

function Whole({ batch, known }: { batch: JobRecord; known: BatchChildren | undefined }) {
  const counts = known?.counts;
  const result = resultOf(batch);
  const { progress } = batch;
  const ended = hasEnded(batch);
  const seconds = (result?.durationMs ?? 0) / 1_000;
  const facts: [string, string][] = result
    ? [
        ["Images", formatCount(result.total)],
        ...(result.computed === undefined
          ? []
          : [["Computed", formatCount(result.computed)] as [string, string]]),
        ...(result.cached === undefined
          ? []
          : [["Known before", formatCount(result.cached)] as [string, string]]),
        ...(result.verified === undefined
          ? []
          : [["Verified", formatCount(result.verified)] as [string, string]]),
        ["Failed", formatCount(result.failed.length)],
        ...cancelledFact(result.cancelled?.length),
        ["Layers", formatSize(result.layerBytes)],
        ["Took", formatDuration(result.durationMs)],
        ["Speed", seconds > 0 ? formatRate(result.layerBytes / seconds) : "–"],
      ]
    : [
        ["Images", progress ? `${formatCount(progress.done)} of ${formatCount(progress.total)}` : "–"],
        ["Speed", formatRate(progress?.bytesPerSecond)],
        [
          "Time left",
          progress?.secondsLeft === undefined || ended ? "–" : formatSeconds(progress.secondsLeft),
        ],
        ["Waiting", counts ? formatCount(counts.waiting) : "–"],
        ["At work", counts ? formatCount(counts.active) : "–"],
        ["Failed", counts ? formatCount(counts.failed) : "–"],
        ...cancelledFact(counts?.cancelled),
      ];
  return (
    <section class="card">
      <p>
        <State name={batch.state} />{" "}
        <span class="muted">
          {batch.dueAt === null && (batch.finishedAt === null ? "begun " : "ended ")}
          <JobMoment job={batch} />
        </span>{" "}
        <BatchWaiting waits={known?.waits} />
      </p>
      {!ended && <ProgressBar label="The whole batch" progress={progress} />}
      <Facts facts={facts} large />
      {ended && <p role="status">{endOf(batch)}</p>}
    </section>
  );
}

function endOf({ state }: JobRecord): string {
  if (state === "completed") return "The batch is done.";
  return state === "cancelled" ? "The batch was cancelled." : "The batch has ended without a result.";
}

/** Nothing where none was. */
function cancelledFact(count = 0): [string, string][] {
  return count === 0 ? [] : [["Cancelled", formatCount(count)]];
}

function resultOf(batch: JobRecord): BatchResult | undefined {
  return batch.state === "completed" ? (batch.result as BatchResult) : undefined;
}
