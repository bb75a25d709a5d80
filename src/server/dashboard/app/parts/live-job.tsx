// A job that was started on this page, until it has ended: how far it is, and what became of it.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { pathTo } from "../api.js";
import type { JobEvent, JobRecord } from "../api-types.js";
import { formatDuration } from "../format.js";
import { useJobEvents, useProgress, withEvent } from "../live-jobs.js";
import { useResource } from "../resource.js";
import { CancelButton, hasEnded, pathOfJob } from "./job-actions.js";
import { ProgressBar } from "./progress-bar.js";
import { Reason } from "./reason.js";
import { State } from "./state.js";

/** @param onEnd called once it has ended @param children what became of it, shown once it has ended */
export function LiveJob(props: {
  started: JobRecord;
  onEnd: (job: JobRecord) => void;
  children?: (job: JobRecord) => ComponentChildren;
}) {
  const { started, onEnd, children } = props;
  const { id, queue } = started;
  const path = `jobs/${pathTo(queue, id)}`;
  const { data = started, reload } = useResource<JobRecord>(path);
  const isMeant = (event: JobEvent) => event.id === id && event.queue === queue;
  const progress = useProgress(path, isMeant);
  useJobEvents(path, isMeant, (event) => event.progress === undefined && reload());
  const job = withEvent(data, progress.get(id));
  const ended = hasEnded(job);
  // Once, when it has.
  useEffect(() => {
    if (ended) onEnd(job);
  }, [ended]);
  return (
    <section class="card" aria-live="polite">
      <p>
        <a href={pathOfJob(job)}>{job.name}</a> <State name={job.state} /> {outcomeOf(job)}{" "}
        <CancelButton job={job} onDone={reload} />
      </p>
      {!ended && <ProgressBar label={job.name} progress={job.progress} />}
      {ended && <Reason job={job} />}
      {ended && children?.(job)}
    </section>
  );
}

function outcomeOf({ state, result }: JobRecord): string {
  if (state !== "completed") return "";
  const { ok, cached, durationMs } = result as { ok?: boolean; cached?: boolean; durationMs?: number };
  if (durationMs === undefined) return "";
  const took = formatDuration(durationMs);
  if (ok !== undefined)
    return ok ? `The layer is the one that was stored; it took ${took}.` : "It is another layer.";
  return cached ? "It was known already." : `It took ${took}.`;
}
