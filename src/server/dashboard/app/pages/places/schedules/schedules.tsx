// The schedules: what is done again and again, when next, and how it went; and a form for a new one.
import { ask, pathTo } from "../../../api.js";
import type { JobEvent, Schedule } from "../../../api-types.js";
import { shortId } from "../../../format.js";
import { subjectOf } from "../../../job-kinds.js";
import { useJobEvents } from "../../../live-jobs.js";
import { ActionButton, Loaded, Moment, pathOfJob, State } from "../../../parts/index.js";
import { useResource } from "../../../resource.js";
import { mayAct } from "../../../session.js";
import { useTitle } from "../../../title.js";
import { ScheduleForm } from "./schedule-form.js";

interface Listed extends Omit<Schedule, "next"> {
  readonly queue: string;
  readonly data: unknown;
  /** Absent for one that is paused. */
  readonly next?: number;
}
interface Schedules {
  readonly schedules: readonly Listed[];
  readonly paused: readonly Listed[];
}

/** How often the list is asked for anew, in ms. */
const interval = 30_000;

const isRun = ({ id, progress }: JobEvent) => id.startsWith("repeat:") && progress === undefined;

export function SchedulesPage() {
  useTitle("Schedules");
  const list = useResource<Schedules>("schedules", interval);
  useJobEvents("schedules", isRun, list.reload);
  return (
    <>
      <h1>Schedules</h1>
      <Loaded
        resource={list}
        of="schedules"
        isEmpty={({ schedules, paused }) => schedules.length + paused.length === 0}
        empty="Nothing is scheduled."
      >
        {({ schedules, paused }) => (
          <ScheduleTable
            schedules={[...schedules, ...paused].sort((one, other) => (one.id < other.id ? -1 : 1))}
            onChange={list.reload}
          />
        )}
      </Loaded>
      {mayAct() && (
        <section class="card">
          <h2>Schedule a job</h2>
          <ScheduleForm onSet={list.reload} />
        </section>
      )}
    </>
  );
}

function ScheduleTable({ schedules, onChange }: { schedules: readonly Listed[]; onChange: () => void }) {
  return (
    <section class="card">
      <table class="jobs">
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            <th scope="col">Job</th>
            <th scope="col">When</th>
            <th scope="col">Next</th>
            <th scope="col">Last</th>
            {mayAct() && <th scope="col">Do</th>}
          </tr>
        </thead>
        <tbody>
          {schedules.map((schedule) => (
            <ScheduleRow key={schedule.id} schedule={schedule} onChange={onChange} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function ScheduleRow({ schedule, onChange }: { schedule: Listed; onChange: () => void }) {
  const { id, name, queue, data, cron, tz, next, last } = schedule;
  return (
    <tr>
      <th scope="row" class="named">
        {id}
      </th>
      <td class="named">
        {name}{" "}
        <span class="muted" title={JSON.stringify(data)}>
          {shortId(subjectOf({ name, data, result: null })) || optionsIn(data)}
        </span>
      </td>
      <td>
        <code>{cron}</code> {tz}
      </td>
      <td>{next === undefined ? <State name="paused" /> : <Moment at={next} />}</td>
      <td>
        {last === undefined ? (
          "–"
        ) : (
          <>
            <a href={pathOfJob({ queue, id: last.id, name })}>
              <Moment at={last.at} />
            </a>{" "}
            <State name={last.state} />
          </>
        )}
      </td>
      {mayAct() && (
        <td>
          <div class="actions">
            <PauseButton id={id} isPaused={next === undefined} onChange={onChange} />
            <ActionButton
              act={() => ask(pathTo("schedules", id), { method: "DELETE" }).finally(onChange)}
              kind="danger"
              label={`Remove ${id}`}
              question={{
                title: `Remove the schedule ${id}?`,
                text: "It does not run again. What it has done stays, and so does a run that is due already.",
                yes: "Remove",
              }}
            >
              Remove
            </ActionButton>
          </div>
        </td>
      )}
    </tr>
  );
}

function PauseButton({ id, isPaused, onChange }: { id: string; isPaused: boolean; onChange: () => void }) {
  const [verb, text] = isPaused ? ["resume", "Resume"] : ["pause", "Pause"];
  return (
    <ActionButton
      act={() => ask(pathTo("schedules", id, verb), { method: "POST" }).finally(onChange)}
      label={`${text} ${id}`}
    >
      {text}
    </ActionButton>
  );
}

/** What a job is told that is about no image: `keep 5, olderMs 604800000`. */
function optionsIn(data: unknown): string {
  return Object.entries(data as object)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");
}
