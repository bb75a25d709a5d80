// Jobs as a table; on a narrow screen each becomes a card.

import { splitQueueName } from "../../../../jobs/facts/index.js";
import type { JobRecord } from "../api-types.js";
import { shortId } from "../format.js";
import { subjectOf } from "../job-kinds.js";
import { CancelButton, hasEnded, pathOfJob, RemoveButton, RetryButton } from "./job-actions.js";
import { JobMoment } from "./moment.js";
import { ProgressBar } from "./progress-bar.js";
import { Reason } from "./reason.js";
import { State } from "./state.js";

/** @param onChange called when something was done with one @param acts whether those that ended can be retried and removed */
export function JobTable(props: { jobs: readonly JobRecord[]; onChange: () => void; acts?: boolean }) {
  const { jobs, onChange, acts = false } = props;
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
          <JobRow key={`${job.queue}/${job.id}`} job={job} onChange={onChange} acts={acts} />
        ))}
      </tbody>
    </table>
  );
}

function JobRow({ job, onChange, acts }: { job: JobRecord; onChange: () => void; acts: boolean }) {
  const subject = subjectOf(job);
  return (
    <tr>
      <th scope="row">
        <a href={pathOfJob(job)} title={job.id}>
          {job.name}
        </a>
        {job.id.startsWith("repeat:") && <span class="muted"> by a schedule</span>}
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
        {job.failedReason !== null && hasEnded(job) && <Reason job={job} />}
        {acts && hasEnded(job) && job.state !== "completed" && (
          <span class="row-actions">
            <RetryButton job={job} onDone={onChange} />
            <RemoveButton job={job} onDone={onChange} />
          </span>
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
