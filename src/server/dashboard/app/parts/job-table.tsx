// Jobs as a table; on a narrow screen each becomes a card.

import { splitQueueName } from "../../../../jobs/facts/index.js";
import type { JobRecord } from "../api-types.js";
import { shortId } from "../format.js";
import { subjectOf } from "../job-kinds.js";
import { CancelButton, hasEnded, pathOfJob } from "./job-actions.js";
import { JobMoment } from "./moment.js";
import { ProgressBar } from "./progress-bar.js";
import { State } from "./state.js";

/** @param onChange called when one was cancelled */
export function JobTable({ jobs, onChange }: { jobs: readonly JobRecord[]; onChange: () => void }) {
  return (
    <table class="jobs">
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">About</th>
          <th scope="col">State</th>
          <th scope="col">When</th>
          <th scope="col">How far</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <JobRow key={`${job.queue}/${job.id}`} job={job} onChange={onChange} />
        ))}
      </tbody>
    </table>
  );
}

/** What somebody asked for is no fault. */
export function reasonClass({ state }: Pick<JobRecord, "state">): string {
  return state === "cancelled" ? "reason muted" : "reason";
}

function JobRow({ job, onChange }: { job: JobRecord; onChange: () => void }) {
  const subject = subjectOf(job);
  return (
    <tr>
      <th scope="row">
        <a href={pathOfJob(job)} title={job.id}>
          {job.name}
        </a>
        {splitQueueName(job.queue).host !== undefined && <span class="muted"> {job.queue}</span>}
      </th>
      <td class="mono">{subject === "" ? "–" : shortId(subject)}</td>
      <td>
        <State name={job.state} />
      </td>
      <td>
        <JobMoment job={job} />
      </td>
      <td class="wide">
        {job.failedReason !== null && hasEnded(job) && (
          <span class={reasonClass(job)}>{job.failedReason}</span>
        )}
        {!hasEnded(job) && (
          <div class="running">
            {job.progress !== null && (
              <ProgressBar label={`${job.name} ${subject}`} progress={job.progress} />
            )}
            <CancelButton job={job} onDone={onChange} />
          </div>
        )}
      </td>
    </tr>
  );
}
