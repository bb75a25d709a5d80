// All jobs: by state, queue and kind, a page at a time, the newest first.
import { useEffect, useState } from "preact/hooks";
import { queueNames } from "../../../../jobs/facts/index.js";
import type { JobEvent, JobPage, Queues } from "../api-types.js";
import { kindNames } from "../job-kinds.js";
import { useJobEvents, useProgress, withEvent } from "../live-jobs.js";
import { ErrorNotice, JobTable, PausedNotice } from "../parts/index.js";
import { useResource } from "../resource.js";
import { navigate, place, queryOf } from "../router.js";
import { useTitle } from "../title.js";

const states = [
  ...["waiting", "active", "delayed", "prioritized", "waiting-children", "completed", "failed", "cancelled"],
];
const filters = { state: states, queue: [...queueNames] as string[], name: kindNames };
const labels = { state: "State", queue: "Queue", name: "Kind" };
const pageSize = 50;
/** How often it is asked which queues are paused, in ms. */
const pauseInterval = 5_000;

const isProgress = (event: JobEvent) => event.progress !== undefined;
const isChange = (event: JobEvent) => event.progress === undefined;

export function JobsPage() {
  useTitle("Jobs");
  const query = queryOf(place.value);
  const asked = new URLSearchParams({ limit: String(pageSize) });
  for (const name of [...Object.keys(filters), "cursor"]) {
    const value = query.get(name);
    if (value) asked.set(name, value);
  }
  const { data, error, reload } = useResource<JobPage>(`jobs?${asked}`);
  const { data: queues } = useResource<Queues>("queues", pauseInterval);
  useJobEvents("changes", isChange, reload);
  const progress = useProgress("all", isProgress);
  const go = (changes: Record<string, string>) => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === "") next.delete(name);
      else next.set(name, value);
    }
    navigate(next.size === 0 ? "/jobs" : `/jobs?${next}`);
  };
  return (
    <>
      <h1>Jobs</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        {(["state", "queue", "name"] as const).map((name) => (
          <Filter key={name} name={name} value={query.get(name) ?? ""} go={go} />
        ))}
      </form>
      <ErrorNotice error={error} />
      <PausedNotice queues={queues?.paused} />
      {data?.jobs.length === 0 && <p class="muted">There are no such jobs.</p>}
      {data && data.jobs.length > 0 && (
        <section class="card">
          <JobTable jobs={data.jobs.map((job) => withEvent(job, progress.get(job.id)))} onChange={reload} />
        </section>
      )}
      <nav class="paging" aria-label="Pages of jobs">
        {query.has("cursor") && (
          <button type="button" onClick={() => go({ cursor: "" })}>
            Newest
          </button>
        )}
        {data?.next && (
          <button type="button" onClick={() => go({ cursor: data.next ?? "" })}>
            Older
          </button>
        )}
      </nav>
    </>
  );
}

function Filter(props: {
  name: keyof typeof filters;
  value: string;
  go: (changes: Record<string, string>) => void;
}) {
  const { name, value, go } = props;
  const [options, setOptions] = useState(filters[name]);
  // A queue of a host's own, from a link.
  useEffect(() => {
    if (value !== "" && !options.includes(value)) setOptions([...options, value]);
  }, [value, options]);
  return (
    <label>
      {labels[name]}
      <select value={value} onChange={({ currentTarget }) => go({ [name]: currentTarget.value, cursor: "" })}>
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}
