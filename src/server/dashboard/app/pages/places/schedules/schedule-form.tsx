// Sets a schedule: which job, with which data, and when, with the times that this would be.
import { useState } from "preact/hooks";
import { recipeNames } from "../../../../../../terms/index.js";
import { ask } from "../../../api.js";
import { formatTime } from "../../../format.js";
import {
  CheckField,
  ChoiceField,
  Form,
  GcFields,
  ImageField,
  LongField,
  More,
  PullFields,
  PushFields,
  TextField,
} from "../../../forms/index.js";
import { Moment, Notice } from "../../../parts/index.js";
import { useResource } from "../../../resource.js";

/** The kinds that may be repeated. */
const kinds = ["verify-graph", "checksum-graph", "gc", "verify", "checksum", "pull", "push"] as const;
type Kind = (typeof kinds)[number];

export function ScheduleForm({ onSet }: { onSet: () => void }) {
  const [kind, setKind] = useState<Kind>("verify-graph");
  const [cron, setCron] = useState("");
  const [tz, setTz] = useState("");
  const [set, setSet] = useState<{ id: string; next: number }>();
  const act = async (data: Record<string, unknown>) => {
    setSet(undefined);
    setSet(await ask("schedules", { method: "POST", body: data }));
    onSet();
  };
  return (
    <>
      <Form label="Schedule a job" submit="Schedule" act={act}>
        <ChoiceField name="name" label="Job" options={kinds} onChoose={(chosen) => setKind(chosen as Kind)} />
        <TextField
          name="cron"
          label="When"
          required
          placeholder="0 3 * * *"
          hint="Minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly"
          onInput={({ currentTarget }) => setCron(currentTarget.value)}
        />
        <TextField
          name="tz"
          label="Time zone"
          placeholder="UTC"
          list="time-zones"
          hint="By default UTC"
          onInput={({ currentTarget }) => setTz(currentTarget.value.trim())}
        />
        <datalist id="time-zones">
          {[Intl.DateTimeFormat().resolvedOptions().timeZone, ...Intl.supportedValuesOf("timeZone")].map(
            (zone) => (
              <option key={zone} value={zone} />
            ),
          )}
        </datalist>
        <NextRuns cron={cron.trim()} tz={tz} />
        <DataFields key={kind} kind={kind} />
        <More of="Id and notification">
          <TextField
            name="id"
            label="Id"
            hint="By default the job's name, and what it is about; one of the same id is replaced"
          />
          <TextField
            name="notify.url"
            label="Tell a URL"
            placeholder="https://hooks.example/jobs"
            hint="Of the end of each run"
          />
        </More>
      </Form>
      {set && (
        <Notice kind="info">
          {set.id} is set: it runs <Moment at={set.next} />.
        </Notice>
      )}
    </>
  );
}

/** The fields of the job's data. */
function DataFields({ kind }: { kind: Kind }) {
  switch (kind) {
    case "gc":
      return <GcFields at="data." />;
    case "pull":
      return <PullFields at="data." />;
    case "push":
      return <PushFields at="data." />;
    case "verify":
      return (
        <>
          <ImageField name="data.id" label="Image" required />
          <CheckField name="data.explain" label="Tell what differs" />
        </>
      );
    case "checksum":
      return (
        <>
          <ImageField name="data.id" label="Image" required />
          <RecipeFields />
        </>
      );
    case "verify-graph":
      return <IdsField />;
    case "checksum-graph":
      return (
        <>
          <IdsField />
          <RecipeFields />
        </>
      );
  }
}

function IdsField() {
  return (
    <LongField
      name="data.ids"
      label="Images"
      as="list"
      hint="Names or ids, by default every image that there is when it runs"
    />
  );
}

function RecipeFields() {
  return (
    <>
      <ChoiceField name="data.recipe" label="Recipe" options={recipeNames} />
      <CheckField name="data.force" label="Also what has a checksum" />
    </>
  );
}

/** When it would run, as it is typed. */
function NextRuns({ cron, tz }: { cron: string; tz: string }) {
  const query = new URLSearchParams({ cron, ...(tz === "" ? {} : { tz }) });
  const { data, error } = useResource<{ runs: readonly number[] }>(
    cron === "" ? undefined : `next-runs?${query}`,
  );
  return (
    <div class="next-runs" role="status">
      {error && <span class="complaint">{error.message}</span>}
      {data && (
        <>
          The next runs, in your time:
          <ol class="plain">
            {data.runs.map((at) => (
              <li key={at}>
                <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
                  {formatTime(at)}
                </time>
              </li>
            ))}
          </ol>
        </>
      )}
    </div>
  );
}
