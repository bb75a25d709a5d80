// The exports: archives that wait to be fetched, and a form for a new one.

import { ask, pathTo } from "../../api.js";
import type { JobEvent } from "../../api-types.js";
import { formatBytes } from "../../format.js";
import { ExportFields, Form, StartedJobs, TextField, useStartedJobs } from "../../forms/index.js";
import { useJobEvents } from "../../live-jobs.js";
import { ActionButton, Loaded, Moment, startJob } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { place, queryOf } from "../../router.js";
import { mayAct } from "../../session.js";
import { useTitle } from "../../title.js";

interface Export {
  readonly file: string;
  readonly bytes: number;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** How often the list is asked for anew, in ms: what nobody fetches goes by itself. */
const interval = 30_000;

/** The ends of jobs that make exports. */
const isMeant = ({ queue, progress }: JobEvent) => queue === "store" && progress === undefined;

export function ExportsPage() {
  useTitle("Exports");
  const exports = useResource<{ exports: readonly Export[] }>("exports", interval);
  useJobEvents("exports", isMeant, exports.reload);
  const { jobs, add } = useStartedJobs();
  return (
    <>
      <h1>Exports</h1>
      <p class="muted">
        What nobody fetches goes by itself: a worker removes it when its time is over (--keep-exports, by
        default 7 days). Each download begins that time anew.
      </p>
      <Loaded
        resource={exports}
        of="exports"
        isEmpty={({ exports }) => exports.length === 0}
        empty="There are none."
      >
        {({ exports: list }) => <ExportTable exports={list} onChange={exports.reload} />}
      </Loaded>
      {mayAct() && (
        <section class="card">
          <h2>Export images</h2>
          <Form
            label="Export images"
            submit="Export"
            act={async (data) => add(await startJob("export", data))}
          >
            <TextField
              name="ids"
              label="Images"
              as="list"
              required
              defaultValue={queryOf(place.value).getAll("image").join(" ")}
              hint="Names or ids, with spaces between them"
            />
            <ExportFields />
          </Form>
        </section>
      )}
      <StartedJobs jobs={jobs} onEnd={exports.reload} />
    </>
  );
}

function ExportTable({ exports, onChange }: { exports: readonly Export[]; onChange: () => void }) {
  return (
    <section class="card">
      <table class="jobs">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Size</th>
            <th scope="col">Made</th>
            {mayAct() && <th scope="col">Remove</th>}
          </tr>
        </thead>
        <tbody>
          {exports.map(({ file, bytes, createdAt }) => (
            <tr key={file}>
              <th scope="row">
                <a href={`/api/v1/${pathTo("exports", file)}`} download={file}>
                  {file}
                </a>
              </th>
              <td>{formatBytes(bytes)}</td>
              <td>
                <Moment at={Date.parse(createdAt)} />
              </td>
              {mayAct() && (
                <td>
                  <ActionButton
                    act={() => ask(pathTo("exports", file), { method: "DELETE" }).finally(onChange)}
                    kind="danger"
                    label={`Remove ${file}`}
                    question={{
                      title: `Remove ${file}?`,
                      text: "The archive is gone then; its images stay in the graph.",
                      yes: "Remove",
                    }}
                  >
                    Remove
                  </ActionButton>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
