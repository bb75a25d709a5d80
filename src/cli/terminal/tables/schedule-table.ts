// The schedules of a graph as a table.
import type { Schedule } from "../../../producer/index.js";
import { formatTime } from "../format.js";
import { stateStyle } from "./job-table.js";
import { type ListView, tableLines } from "./table.js";

/** A schedule; one that is paused has no next run. */
type ListedSchedule = Omit<Schedule, "next"> & { readonly next: number | undefined };

export function scheduleLines(schedules: readonly ListedSchedule[], view: ListView): string[] {
  return tableLines(
    [
      { heading: "ID", least: 12, cell: ({ id }) => id },
      { heading: "JOB", rank: 3, cell: ({ name }) => name },
      { heading: "CRON", least: 9, cell: ({ cron }) => cron },
      { heading: "ZONE", rank: 2, least: 8, cell: ({ tz }) => tz },
      { heading: "NEXT", cell: ({ next }) => (next === undefined ? "paused" : formatTime(next)) },
      {
        ...{ heading: "LAST", rank: 1, least: 11 },
        cell: ({ last }) => (last === undefined ? "" : `${formatTime(last.at)} ${last.state}`),
        style: ({ last }) => (last === undefined ? undefined : stateStyle(last.state)),
      },
    ],
    view,
    schedules,
  );
}
