// The overview: the last hour, what runs, what failed, and what will run.
import type { Overview } from "../api-types.js";
import { formatBytes, formatCount } from "../format.js";
import { ActionButton, ErrorNotice, Facts, PausedNotice, startBatch } from "../parts/index.js";
import { useResource } from "../resource.js";
import { useTitle } from "../title.js";
import { OverviewCharts } from "./overview-charts.js";
import { RecentBatches, RecentFailures, RunningJobs, Schedules } from "./overview-lists.js";
import { Compressors, Workers } from "./overview-workers.js";

/** How often the figures are asked for, in ms. */
const interval = 5_000;

export function OverviewPage() {
  useTitle("Overview");
  const { data, error } = useResource<Overview>("overview", interval);
  return (
    <>
      <div class="heading">
        <h1>Overview</h1>
        <div class="actions">
          <ActionButton act={() => startBatch("checksum-graph")} kind="primary">
            Checksum all
          </ActionButton>
          <ActionButton act={() => startBatch("verify-graph")}>Verify all</ActionButton>
        </div>
      </div>
      <ErrorNotice error={error} />
      <PausedNotice queues={data?.paused} />
      {data && <Figures overview={data} />}
      {data && <OverviewCharts overview={data} />}
      <RunningJobs />
      <div class="columns">
        <RecentBatches />
        <RecentFailures />
      </div>
      <div class="columns">
        {data && <Workers overview={data} />}
        <Schedules />
      </div>
      {data && <Compressors overview={data} />}
    </>
  );
}

function Figures({ overview }: { overview: Overview }) {
  const { queues, workers, disk, images } = overview;
  const sum = (...states: string[]) =>
    Object.values(queues).reduce(
      (all, counts) => all + states.reduce((some, state) => some + (counts[state] ?? 0), 0),
      0,
    );
  const facts: [string, string][] = [
    ["Images", formatCount(images)],
    ["Waiting", formatCount(sum("waiting", "prioritized"))],
    // The next runs of schedules, and tries that are repeated: there is nothing to do for them yet.
    ["Due later", formatCount(sum("delayed"))],
    ["At work", formatCount(sum("active", "waiting-children"))],
    ["Failed", formatCount(sum("failed"))],
    ...(sum("cancelled") === 0 ? [] : [["Cancelled", formatCount(sum("cancelled"))] as [string, string]]),
    ["Workers", formatCount(workers.length)],
    ["Disk free", disk === null ? "unknown" : formatBytes(disk.bytesFree)],
  ];
  return <Facts facts={facts} large />;
}
