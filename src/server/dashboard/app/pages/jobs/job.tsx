// One job: where it stands, what happened to it, what it was asked, what became of it, and its log, live.
import { useState } from "preact/hooks";
import { pathTo } from "../../api.js";
import type { JobEvent, JobRecord } from "../../api-types.js";
import { isBatch, subjectOf } from "../../job-kinds.js";
import { useJobEvents, useProgress, withEvent } from "../../live-jobs.js";
import {
  CancelButton,
  CopyButton,
  EndNotice,
  Facts,
  hasEnded,
  JsonView,
  Loaded,
  Moment,
  Notice,
  ProgressBar,
  RemoveButton,
  RetryButton,
  State,
} from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { useTitle } from "../../title.js";
import { JobBlocks } from "./job-blocks.js";
import { JobTimeline } from "./job-timeline.js";

export function JobPage({ queue, id }: { queue: string; id: string }) {
  useTitle(`Job ${id}`);
  const path = `jobs/${pathTo(queue, id)}`;
  const resource = useResource<JobRecord>(path);
  const log = useResource<{ log: readonly string[] }>(`${path}/log`);
  const [isRemoved, setRemoved] = useState(false);
  const isMeant = (event: JobEvent) => event.id === id && event.queue === queue;
  const progress = useProgress(path, isMeant);
  useJobEvents(path, isMeant, (event) => {
    log.reload();
    if (event.progress === undefined) resource.reload();
  });
  const job = resource.data && withEvent(resource.data, progress.get(id));
  if (isRemoved) return <Removed />;
  return (
    <>
      <div class="heading">
        <h1>{job ? `Job ${job.name}` : "Job"}</h1>
        {job && (
          <div class="actions">
            <CancelButton job={job} onDone={resource.reload} />
            <RetryButton job={job} onDone={resource.reload} />
            <RemoveButton job={job} onDone={() => setRemoved(true)} />
          </div>
        )}
      </div>
      <Loaded resource={{ data: job, error: resource.error }} of="job">
        {(shown) => (
          <>
            <JobFacts job={shown} />
            <EndNotice job={shown} />
            <Loaded resource={{ data: log.data, error: undefined }} of="timeline">
              {({ log: lines }) => <JobTimeline job={shown} log={lines} />}
            </Loaded>
            <JobBlocks job={shown} />
            <JobDocuments job={shown} />
            <JobLog lines={log.data?.log ?? []} />
          </>
        )}
      </Loaded>
      {resource.error?.status === 404 && <NoJob what="job" />}
    </>
  );
}

/** The way back from a job that is not there: its record may have been removed, or is kept no longer. */
export function NoJob({ what }: { what: string }) {
  return (
    <p>
      Its record may have been removed, or was not kept any longer: <a href="/jobs">all jobs</a>, or{" "}
      <a href="/">the overview</a>, may show the {what} that you look for.
    </p>
  );
}

/** In place of the page of a job that was removed here. */
export function Removed() {
  return (
    <>
      <h1>Removed</h1>
      <Notice kind="info">
        The record is gone. <a href="/jobs">All jobs</a>
      </Notice>
    </>
  );
}

function JobFacts({ job }: { job: JobRecord }) {
  const subject = subjectOf(job);
  const image = (job.data as { id?: unknown } | null)?.id;
  const batch = batchOf(job, image);
  return (
    <section class="card" aria-live="polite">
      <Facts
        facts={[
          ["State", <State key="state" name={job.state} />],
          [
            "Queue",
            <a key="queue" href={`/jobs?queue=${encodeURIComponent(job.queue)}`}>
              {job.queue}
            </a>,
          ],
          [
            "Id",
            <span key="id">
              <code>{job.id}</code> <CopyButton text={job.id} what="the job's id" />
            </span>,
          ],
          [
            "About",
            typeof image === "string" ? (
              <a class="mono" href={`/images/${encodeURIComponent(image)}`}>
                {subject}
              </a>
            ) : (
              <span class="mono">{subject || "–"}</span>
            ),
          ],
          ...(batch === undefined
            ? []
            : [
                [
                  "Batch",
                  <a key="batch" href={`/batches/${encodeURIComponent(batch)}`}>
                    {batch}
                  </a>,
                ] as const,
              ]),
          ["Enqueued", <Moment key="created" at={job.createdAt} exact />],
          ...(job.dueAt === null ? [] : [["Due", <Moment key="due" at={job.dueAt} exact />] as const]),
          ["Ended", job.finishedAt === null ? "–" : <Moment key="finished" at={job.finishedAt} exact />],
          ["Tries", job.attempts],
        ]}
      />
      {!hasEnded(job) && job.progress !== null && (
        <ProgressBar label={`${job.name} ${subject}`} progress={job.progress} />
      )}
      {isBatch(job.name) && <a href={`/batches/${encodeURIComponent(job.id)}`}>The batch, image by image</a>}
    </section>
  );
}

/** The id of the batch that a job belongs to: a child's id is made of the batch's and its image's. */
function batchOf({ id }: JobRecord, image: unknown): string | undefined {
  const end = `.${String(image)}`;
  return typeof image === "string" && id.endsWith(end) ? id.slice(0, -end.length) : undefined;
}

function JobDocuments({ job }: { job: JobRecord }) {
  return (
    <div class="columns">
      <section class="card">
        <h2>Data</h2>
        <JsonView value={job.data} />
      </section>
      {job.result !== null && (
        <section class="card">
          <h2>Result</h2>
          <JsonView value={job.result} />
        </section>
      )}
    </div>
  );
}

function JobLog({ lines }: { lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <section class="card">
      <h2>Log</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre class="log" tabIndex={0}>
        {lines.join("\n")}
      </pre>
    </section>
  );
}
