// The life of a job as a list: what it waited for and how long, each of its tries, where, and how that ended.
import { useState } from "preact/hooks";
import type { JobRecord } from "../../api-types.js";
import { formatDuration, formatTime, shortenIds } from "../../format.js";
import { hasEnded, Moment } from "../../parts/index.js";
import { type Stretch, timelineOf } from "./timeline.js";

/** @param log the lines of the job's log */
export function JobTimeline({ job, log }: { job: JobRecord; log: readonly string[] }) {
  const stretches = timelineOf(job, log);
  return (
    <section class="card">
      <h2>Timeline</h2>
      <ol class="timeline">
        <li>
          <span class="what">Enqueued</span> <Moment at={job.createdAt} exact />
        </li>
        {stretches.map((each) => (
          <li key={`${each.kind} ${each.from}`} data-kind={each.kind}>
            <One stretch={each} />
          </li>
        ))}
        {hasEnded(job) && job.finishedAt !== null && (
          <li data-kind={job.state}>
            <span class="what">{endings[job.state] ?? job.state}</span> <Moment at={job.finishedAt} exact />
          </li>
        )}
      </ol>
    </section>
  );
}

const endings: Readonly<Record<string, string>> = {
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

function One({ stretch }: { stretch: Stretch }) {
  const { kind, from, to, number, host, outcome, steps } = stretch;
  const lasted = to === undefined ? undefined : formatDuration(Math.max(0, to - from));
  if (kind !== "try") {
    return (
      <>
        <span class="what">{to === undefined ? "Waits" : "Waited"}</span>
        {outcome !== "" && ` for ${outcome}`}
        {lasted === undefined ? (
          <>
            {" since "}
            <Moment at={from} />
          </>
        ) : (
          ` ${lasted}`
        )}
      </>
    );
  }
  return (
    <>
      <span class="what">Try {number}</span>
      {host !== undefined && (
        <>
          {" on "}
          <code>{host}</code>
        </>
      )}{" "}
      <span class="muted">
        from {formatTime(from)}
        {lasted !== undefined && ` for ${lasted}`}
      </span>
      {outcome !== "" && <div class="outcome">{shortenIds(outcome)}</div>}
      {steps.length > 0 && <Steps from={from} steps={steps} />}
    </>
  );
}

/** How many steps are shown before one asks for all. */
const few = 6;

function Steps({ from, steps }: Pick<Stretch, "from" | "steps">) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? steps : steps.slice(0, few);
  return (
    <>
      <ul class="plain steps">
        {shown.map(({ at, text }) => (
          <li key={`${at} ${text}`}>
            <span class="muted">+{formatDuration(Math.max(0, at - from))}</span> {shortenIds(text)}
          </li>
        ))}
      </ul>
      {shown.length < steps.length && (
        <button type="button" onClick={() => setWhole(true)}>
          {steps.length - shown.length} more
        </button>
      )}
    </>
  );
}
