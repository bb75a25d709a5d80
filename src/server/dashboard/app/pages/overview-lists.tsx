// The lists of the overview: what runs, the last batches and failures, what will run.
import type { JobEvent, JobPage, Schedule } from "../api-types.js";
import { shortId } from "../format.js";
import { batchNames, subjectOf } from "../job-kinds.js";
import { useJobEvents, useProgress, withEvent } from "../live-jobs.js";
import { JobMoment, JobTable, Moment, ProgressBar, pathOfJob, State } from "../parts/index.js";
import { type Resource, useResource } from "../resource.js";

const isProgress = (event: JobEvent) => event.progress !== undefined;
const isChange = (event: JobEvent) => event.progress === undefined;

/** A list that is asked for again when a job changes its state. */
function useJobs(query: string): Resource<JobPage> {
  const jobs = useResource<JobPage>(`jobs?${query}`);
  useJobEvents("changes", isChange, jobs.reload);
  return jobs;
}

export function RunningJobs() {
  const active = useJobs("state=active&limit=20");
  const batches = useJobs("state=waiting-children&limit=5");
  const progress = useProgress("all", isProgress);
  const reload = () => {
    active.reload();
    batches.reload();
  };
  const jobs = [...(batches.data?.jobs ?? []), ...(active.data?.jobs ?? [])].map((job) =>
    withEvent(job, progress.get(job.id)),
  );
  // Those that only wait for a thread come last.
  jobs.sort((one, other) => Number(one.progress === null) - Number(other.progress === null));
  return (
    <section class="card">
      <h2>At work</h2>
      {jobs.length === 0 ? (
        <p class="muted">Nothing is at work.</p>
      ) : (
        <JobTable jobs={jobs} onChange={reload} />
      )}
    </section>
  );
}

export function RecentBatches() {
  // The same kinds in the same order each time.
  const ofKinds = batchNames.map((name) => useJobs(`name=${name}&limit=10`));
  const progress = useProgress("batches", isProgress);
  const jobs = ofKinds
    .flatMap(({ data }) => data?.jobs ?? [])
    // The next run of a schedule stands among the schedules.
    .filter(({ state, attempts }) => state !== "delayed" || attempts > 0)
    .sort((one, other) => other.createdAt - one.createdAt)
    .slice(0, 5)
    .map((job) => withEvent(job, progress.get(job.id)));
  return (
    <section class="card">
      <h2>Batches</h2>
      {jobs.length === 0 && <p class="muted">No batch has run lately.</p>}
      <ul class="plain">
        {jobs.map((job) => (
          <li key={job.id}>
            <a href={pathOfJob(job)}>{job.name}</a> <State name={job.state} />{" "}
            <span class="muted">
              <JobMoment job={job} />
            </span>
            {job.finishedAt === null && <ProgressBar label={job.name} progress={job.progress} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function RecentFailures() {
  const failed = useJobs("state=failed&limit=5");
  const jobs = failed.data?.jobs ?? [];
  return (
    <section class="card">
      <h2>Failures</h2>
      {jobs.length === 0 && <p class="muted">Nothing has failed lately.</p>}
      <ul class="plain">
        {jobs.map((job) => (
          <li key={`${job.queue}/${job.id}`}>
            <a href={pathOfJob(job)}>{job.name}</a> <span class="mono">{shortId(subjectOf(job))}</span>{" "}
            <span class="muted">
              <Moment at={job.finishedAt ?? job.createdAt} />
            </span>
            <span class="reason">{job.failedReason}</span>
          </li>
        ))}
      </ul>
      {jobs.length > 0 && <a href="/jobs?state=failed">All failures</a>}
    </section>
  );
}

export function Schedules() {
  const { data } = useResource<{ schedules: readonly Schedule[] }>("schedules", 60_000);
  const schedules = data?.schedules ?? [];
  return (
    <section class="card">
      <h2>Schedules</h2>
      {schedules.length === 0 && (
        <p class="muted">
          Nothing is scheduled; <code>stevedore schedule</code> does that.
        </p>
      )}
      <ul class="plain">
        {schedules.map(({ id, name, cron, tz, next, last }) => (
          <li key={id}>
            {name} <code>{cron}</code> {tz}{" "}
            <span class="muted">
              next <Moment at={next} />
            </span>
            {last && (
              <span class="muted">
                , last <Moment at={last.at} /> <State name={last.state} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
