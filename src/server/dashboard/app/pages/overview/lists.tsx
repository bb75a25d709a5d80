// The lists of the overview: what is at work, the last batches, what failed, what will run.
import type { JobEvent, JobsNow, Schedule } from "../../api-types.js";
import { countOf, formatCount, shortId } from "../../format.js";
import { subjectOf } from "../../job-kinds.js";
import { useProgress, withEvent } from "../../live-jobs.js";
import {
  BatchWaiting,
  JobMoment,
  JobTable,
  Moment,
  ProgressBar,
  pathOfJob,
  Reason,
  State,
} from "../../parts/index.js";

/** How many codes show their newest failures at once. */
const mostOpen = 3;

const isProgress = (event: JobEvent) => event.progress !== undefined;

export function AtWork({ jobs: { atWork }, reload }: { jobs: JobsNow; reload: () => void }) {
  const progress = useProgress("all", isProgress);
  const shown = atWork.jobs.map((job) => withEvent(job, progress.get(job.id)));
  const waiting = atWork.waitForThread;
  const hidden = atWork.count - shown.length;
  return (
    <section class="card">
      <h2>At work</h2>
      {shown.length === 0 ? (
        <p class="muted">Nothing is at work.</p>
      ) : (
        <JobTable jobs={shown} onChange={reload} />
      )}
      {hidden > 0 && (
        <p>
          <a href="/jobs?state=active">{formatCount(hidden)} more</a>
          {waiting > 0 && `; ${formatCount(waiting)} ${waiting === 1 ? "waits" : "wait"} for a thread`}
        </p>
      )}
    </section>
  );
}

export function Batches({ jobs: { batches } }: { jobs: JobsNow }) {
  const progress = useProgress("batches", isProgress);
  return (
    <section class="card">
      <h2>Batches</h2>
      {batches.length === 0 && <p class="muted">No batch has run lately.</p>}
      <ul class="plain">
        {batches.map(({ job, waits }) => (
          <li key={job.id}>
            <a href={pathOfJob(job)}>{job.name}</a> <State name={job.state} />{" "}
            <span class="muted">
              <JobMoment job={job} />
            </span>{" "}
            <BatchWaiting waits={waits} />
            {job.finishedAt === null && waits === null && (
              <ProgressBar label={job.name} progress={withEvent(job, progress.get(job.id)).progress} />
            )}
            <Reason job={job} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Failures({ failures: { codes, count, isMore } }: { failures: JobsNow["failures"] }) {
  return (
    <section class="card">
      <h2>Failures</h2>
      {count === 0 && <p class="muted">Nothing has failed in the last 24 hours.</p>}
      {codes.map((group, at) => (
        <details key={group.code} open={at < mostOpen}>
          <summary>
            <code>{group.code}</code> {countOf(group.count, "job")}
            {isMore && " or more"}
          </summary>
          <ul class="plain">
            {group.newest.map((job) => (
              <li key={`${job.queue}/${job.id}`}>
                <a href={pathOfJob(job)}>{job.name}</a> <span class="mono">{shortId(subjectOf(job))}</span>{" "}
                <span class="muted">
                  <Moment at={job.finishedAt ?? job.createdAt} />
                </span>
                <Reason job={job} />
              </li>
            ))}
          </ul>
          <p>
            <a href={`/jobs?state=failed&code=${group.code}`}>All that failed with {group.code}</a>
          </p>
        </details>
      ))}
      {count > 0 && <a href="/jobs?state=failed">All failures</a>}
    </section>
  );
}

export function Schedules({ schedules }: { schedules: readonly Schedule[] }) {
  return (
    <section class="card">
      <h2>Schedules</h2>
      {schedules.length === 0 && (
        <p class="muted">
          Nothing is scheduled; <code>stevedore schedule</code> does that.
        </p>
      )}
      <ul class="plain">
        {schedules.map(({ id, name, queue, cron, tz, next, last }) => (
          <li key={id}>
            {name}
            {id !== name && <span class="muted"> {id}</span>} <code>{cron}</code> {tz}{" "}
            <span class="muted">
              next <Moment at={next} />
            </span>
            {last && (
              <span class="muted">
                , <a href={pathOfJob({ queue, id: last.id, name })}>last run</a> <Moment at={last.at} />{" "}
                <State name={last.state} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
