// All jobs: by state, queue, kind, code, time and image, a page at a time, the newest first; and the queues.
import { useRef } from "preact/hooks";
import type { JobEvent, Queues } from "../../api-types.js";
import { formatCount } from "../../format.js";
import { useProgress, withEvent } from "../../live-jobs.js";
import { JobTable, Loaded, PausedNotice } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { navigate, place, queryOf } from "../../router.js";
import { useTitle } from "../../title.js";
import { BulkActions } from "./bulk-actions.js";
import { type Changes, filterNames, JobFilters } from "./job-filters.js";
import { QueueList } from "./queue-list.js";
import { useSteadyList } from "./steady-list.js";

const pageSize = 50;
/** How often it is asked how the queues are, in ms. */
const queueInterval = 5_000;

const isProgress = (event: JobEvent) => event.progress !== undefined;

export function JobsPage() {
  useTitle("Jobs");
  const query = queryOf(place.value);
  const chosen = new URLSearchParams(
    filterNames.flatMap((name) => (query.get(name) ? [[name, query.get(name) ?? ""]] : [])),
  );
  const asked = new URLSearchParams([...chosen, ["limit", String(pageSize)]]);
  const cursor = query.get("cursor");
  if (cursor) asked.set("cursor", cursor);
  const list = useSteadyList(`jobs?${asked}`);
  const queues = useResource<Queues>("queues", queueInterval);
  const progress = useProgress("all", isProgress);
  const card = useRef<HTMLElement>(null);
  const go = (changes: Changes) => {
    const next = new URLSearchParams(query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === "") next.delete(name);
      else next.set(name, value);
    }
    // What is typed leaves no trace of each letter.
    navigate(next.size === 0 ? "/jobs" : `/jobs?${next}`, "image" in changes ? "replace" : "push");
  };
  const showNewer = () => {
    list.showNewer();
    // The button that was pressed goes away.
    card.current?.focus();
  };
  return (
    <>
      <h1>Jobs</h1>
      <JobFilters query={query} go={(changes) => go({ cursor: "", ...changes })} />
      <PausedNotice queues={queues.data?.paused} />
      <BulkActions query={chosen} onDone={list.refresh} />
      <p class="newer" role="status">
        {list.newer > 0 && (
          <button type="button" onClick={showNewer}>
            {formatCount(list.newer)} new: show
          </button>
        )}
      </p>
      <Loaded
        resource={list}
        of="jobs"
        isEmpty={({ jobs }) => jobs.length === 0}
        empty={chosen.size === 0 ? "There are no jobs." : "There are no such jobs."}
      >
        {({ jobs }) => (
          <section class="card" ref={card} tabIndex={-1} aria-label="Jobs">
            <JobTable
              jobs={jobs.map((job) => withEvent(job, progress.get(job.id)))}
              onChange={list.refresh}
              acts
            />
          </section>
        )}
      </Loaded>
      <nav class="paging" aria-label="Pages of jobs">
        {query.has("cursor") && (
          <button type="button" onClick={() => go({ cursor: "" })}>
            Newest
          </button>
        )}
        {list.data?.next && (
          <button type="button" onClick={() => go({ cursor: list.data?.next ?? "" })}>
            Older
          </button>
        )}
      </nav>
      <QueueList queues={queues} />
    </>
  );
}
