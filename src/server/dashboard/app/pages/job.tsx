// One job: where it stands, what it was asked, what became of it, and its log, live.

import { pathTo } from "../api.js";
import type { JobEvent, JobRecord } from "../api-types.js";
import { isBatch, subjectOf } from "../job-kinds.js";
import { useJobEvents, useProgress, withEvent } from "../live-jobs.js";
import {
  CancelButton,
  EndNotice,
  ErrorNotice,
  Facts,
  hasEnded,
  JsonView,
  Moment,
  ProgressBar,
  State,
} from "../parts/index.js";
import { useResource } from "../resource.js";
import { useTitle } from "../title.js";

export function JobPage({ queue, id }: { queue: string; id: string }) {
  useTitle(`Job ${id}`);
  const path = `jobs/${pathTo(queue, id)}`;
  const { data, error, reload } = useResource<JobRecord>(path);
  const isMeant = (event: JobEvent) => event.id === id && event.queue === queue;
  const progress = useProgress(path, isMeant);
  useJobEvents(path, isMeant, (event) => event.progress === undefined && reload());
  const job = data && withEvent(data, progress.get(id));
  return (
    <>
      <div class="heading">
        <h1>{job ? `Job ${job.name}` : "Job"}</h1>
        {job && <CancelButton job={job} onDone={reload} />}
      </div>
      <ErrorNotice error={error} />
      {job && <JobFacts job={job} />}
      {job && <EndNotice job={job} />}
      {job && <JobDocuments job={job} />}
      {job && <JobLog job={job} />}
    </>
  );
}

function JobFacts({ job }: { job: JobRecord }) {
  const subject = subjectOf(job);
  const isOfImage = typeof (job.data as { id?: unknown } | null)?.id === "string";
  return (
    <section class="card" aria-live="polite">
      <Facts
        facts={[
          ["State", <State key="state" name={job.state} />],
          ["Queue", job.queue],
          ["Id", <code key="id">{job.id}</code>],
          [
            "About",
            isOfImage ? (
              <a class="mono" href={`/images/${encodeURIComponent(subject)}`}>
                {subject}
              </a>
            ) : (
              <span class="mono">{subject || "–"}</span>
            ),
          ],
          ["Enqueued", <Moment key="created" at={job.createdAt} />],
          ...(job.dueAt === null ? [] : [["Due", <Moment key="due" at={job.dueAt} />] as const]),
          ["Ended", job.finishedAt === null ? "–" : <Moment key="finished" at={job.finishedAt} />],
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

function JobLog({ job }: { job: JobRecord }) {
  const path = `jobs/${pathTo(job.queue, job.id)}/log`;
  const { data, reload } = useResource<{ log: readonly string[] }>(path);
  useJobEvents(path, (event) => event.id === job.id, reload);
  const lines = data?.log ?? [];
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
