// What can be done with the images that are chosen in the list, and what came of it.
import { useState } from "preact/hooks";
import type { ImageRow, JobRecord } from "../../api-types.js";
import { formatCount, shortId } from "../../format.js";
import { ActionButton, pathOfJob, startJob } from "../../parts/index.js";
import { mayAct } from "../../session.js";
import { deleteInWaves, type Refusal } from "./deletion.js";
import { type DeletionPlan, planDeletion } from "./deletion-plan.js";
import { DeleteDialog, type ExportAnswer, ExportDialog, imagesOf, TagDialog } from "./dialogs.js";
import type { Selection } from "./selection.js";

/** What was begun. */
interface Outcome {
  readonly text: string;
  readonly link?: { readonly to: string; readonly text: string };
  readonly refusals: readonly Refusal[];
}

type Open =
  | { readonly dialog: "tag"; readonly row: ImageRow }
  | { readonly dialog: "export"; readonly ids: readonly string[] }
  | { readonly dialog: "delete"; readonly plan: DeletionPlan };

/** How many refusals are told one by one. */
const shownRefusals = 20;

/** @param onStart called when jobs were started */
export function BulkBar({ selection, onStart }: { selection: Selection; onStart: () => void }) {
  const [open, setOpen] = useState<Open>();
  const [outcome, setOutcome] = useState<Outcome>();
  if (!mayAct()) return null;
  const { count } = selection;

  /** A batch for several: it has a page of its own. A broken image is no work for either. */
  const compute = (name: "checksum" | "verify") => async () => {
    const rows = await selection.rows();
    const refusals = rows.flatMap(({ id, broken }) => (broken === undefined ? [] : [{ id, ...broken }]));
    const ids = rows.filter(({ broken }) => broken === undefined).map(({ id }) => id);
    const [first] = ids;
    if (first === undefined) return setOutcome({ text: "No job was started.", refusals });
    const job = await (ids.length === 1 ? startJob(name, { id: first }) : startJob(`${name}-graph`, { ids }));
    const text = `${formatCount(ids.length)} ${ids.length === 1 ? "job" : "jobs"} started: ${name}.`;
    setOutcome({ text, link: linkTo(job, ids.length === 1 ? "the job" : "the batch"), refusals });
    onStart();
  };
  const askExport = async () => {
    const rows = await selection.rows();
    setOpen({ dialog: "export", ids: rows.map(({ id }) => id) });
  };
  const askTag = async () => {
    const [row] = await selection.rows();
    if (row !== undefined) setOpen({ dialog: "tag", row });
  };
  const askDelete = async () => setOpen({ dialog: "delete", plan: planDeletion(await selection.rows()) });

  const started = (job: JobRecord) => {
    setOutcome({ text: `1 job started: ${job.name}.`, link: linkTo(job, "the job"), refusals: [] });
    onStart();
  };
  const runExport = async (ids: readonly string[], { format, file }: ExportAnswer) =>
    started(await startJob("export", { ids, format, ...(file !== "" && { file }) }));
  const runDelete = async (plan: DeletionPlan) => {
    const link = { to: "/jobs?name=delete", text: "the jobs" };
    const refused = plan.kept.map(({ id, broken }) => ({
      id,
      code: broken?.code === "INVALID_ID" ? "INVALID_ID" : "IMAGE_IN_USE",
      message: broken?.code === "INVALID_ID" ? broken.message : "others build on it",
    }));
    const tell = (jobs: number, refusals: readonly Refusal[]) =>
      setOutcome({
        text: `${formatCount(jobs)} ${jobs === 1 ? "job" : "jobs"} started: delete.`,
        link,
        refusals,
      });
    let jobs = 0;
    selection.clear();
    const more = await deleteInWaves(plan, (begun) => {
      jobs = begun;
      tell(jobs, refused);
    });
    tell(jobs, [...refused, ...more]);
    onStart();
  };
  const close = () => setOpen(undefined);

  return (
    <>
      {outcome && <OutcomeNotice outcome={outcome} close={() => setOutcome(undefined)} />}
      {count > 0 && (
        <section class="bulk" aria-label="What is selected">
          <strong role="status">{imagesOf(count)} selected</strong>
          <div class="actions">
            <ActionButton act={compute("checksum")}>Checksum</ActionButton>
            <ActionButton act={compute("verify")}>Verify</ActionButton>
            {count === 1 && <ActionButton act={askTag}>Tag…</ActionButton>}
            <ActionButton act={askExport} disabled={count > 10_000}>
              Export…
            </ActionButton>
            <ActionButton act={askDelete} kind="danger">
              Delete…
            </ActionButton>
            <button type="button" onClick={selection.clear}>
              Select none
            </button>
          </div>
        </section>
      )}
      {open?.dialog === "tag" && (
        <TagDialog
          id={open.row.id}
          act={async (name) => started(await startJob("tag", { id: open.row.id, name }))}
          close={close}
        />
      )}
      {open?.dialog === "export" && (
        <ExportDialog count={open.ids.length} act={(answer) => runExport(open.ids, answer)} close={close} />
      )}
      {open?.dialog === "delete" && (
        <DeleteDialog
          plan={open.plan}
          // The dialog need not stay until the last wave has begun.
          act={() => Promise.race([runDelete(open.plan), new Promise((resolve) => setTimeout(resolve, 500))])}
          close={close}
        />
      )}
    </>
  );
}

function linkTo(job: JobRecord, text: string) {
  return { to: pathOfJob(job), text };
}

function OutcomeNotice({ outcome, close }: { outcome: Outcome; close: () => void }) {
  const { text, link, refusals } = outcome;
  return (
    <section class="notice info outcome" role="status" aria-label="What was started">
      <p>
        {text} {link && <a href={link.to}>Look at {link.text}</a>}
        {refusals.length > 0 && ` ${formatCount(refusals.length)} refused.`}{" "}
        <button type="button" onClick={close}>
          Dismiss
        </button>
      </p>
      {refusals.length > 0 && (
        <ul class="plain">
          {refusals.slice(0, shownRefusals).map(({ id, code, message }) => (
            <li key={id}>
              <span class="mono">{shortId(id)}</span> {code}: {message}
            </li>
          ))}
          {refusals.length > shownRefusals && (
            <li>and {formatCount(refusals.length - shownRefusals)} more</li>
          )}
        </ul>
      )}
    </section>
  );
}
