// The overview: is anything wrong, what is at work, how long will it take; and the last hour, and who works.
import type { JobEvent, LastHour, Overview } from "../../api-types.js";
import { formatBytes, formatCount } from "../../format.js";
import { useJobEvents } from "../../live-jobs.js";
import { ActionButton, Facts, Loaded, startBatch } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { useTitle } from "../../title.js";
import { Alarms } from "./alarms.js";
import { OverviewCharts } from "./charts.js";
import { AtWork, Batches, Failures, Schedules } from "./lists.js";
import { Compressors, Workers } from "./workers.js";

/** How often the figures are asked for where nothing happens, and how often the charts, in ms. */
const interval = 5_000;
const chartInterval = 10_000;

const isChange = (event: JobEvent) => event.progress === undefined;

export function OverviewPage() {
  useTitle("Overview");
  const overview = useResource<Overview>("overview?samples=false", interval);
  const lastHour = useResource<LastHour>("overview", chartInterval);
  useJobEvents("changes", isChange, overview.reload);
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
      <Loaded resource={overview} of="overview">
        {(data) => (
          <>
            <Alarms overview={data} reload={overview.reload} />
            <Figures overview={data} />
            <AtWork jobs={data.jobs} reload={overview.reload} />
            <div class="columns">
              <Batches jobs={data.jobs} />
              <Failures failures={data.jobs.failures} />
            </div>
            <Loaded resource={{ data: lastHour.data, error: undefined }} of="charts">
              {(hour) => <OverviewCharts hour={hour} />}
            </Loaded>
            <div class="columns">
              <Workers overview={data} />
              <Schedules schedules={data.jobs.schedules} />
            </div>
            <Compressors overview={data} />
          </>
        )}
      </Loaded>
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
  const jobs = (state: string, count: number) => <a href={`/jobs?state=${state}`}>{formatCount(count)}</a>;
  const cancelled = sum("cancelled");
  // Those of batches have a priority, and so a state of their own.
  const waiting = sum("waiting") >= sum("prioritized") ? "waiting" : "prioritized";
  return (
    <Facts
      large
      facts={[
        ["Images", formatCount(images)],
        ["Waiting", jobs(waiting, sum("waiting", "prioritized"))],
        // The next runs of schedules, and tries that are repeated: there is nothing to do for them yet.
        ["Due later", jobs("delayed", sum("delayed"))],
        ["At work", jobs("active", overview.jobs.atWork.count)],
        ["Failed", jobs("failed", sum("failed"))],
        ...(cancelled === 0 ? [] : [["Cancelled", jobs("cancelled", cancelled)] as const]),
        ["Workers", formatCount(workers.length)],
        ["Disk free", disk === null ? "unknown" : formatBytes(disk.bytesFree)],
      ]}
    />
  );
}
