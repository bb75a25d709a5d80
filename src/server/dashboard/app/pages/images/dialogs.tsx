// What is asked before images are tagged, exported, deleted.
import { formatCount, shortId } from "../../format.js";
import { AskDialog } from "./ask-dialog.js";
import { countOf, type DeletionPlan } from "./deletion-plan.js";

/** How many of what is counted is also named. */
const most = 10;

interface Dialog<Answer> {
  readonly act: (answer: Answer) => Promise<unknown> | undefined;
  readonly close: () => void;
}

export function TagDialog({ id, act, close }: Dialog<string> & { id: string }) {
  return (
    <AskDialog
      title={`Name the image ${shortId(id)}`}
      yes="Tag"
      act={(fields) => act(String(fields.get("name") ?? "").trim())}
      close={close}
    >
      <label class="field">
        Name
        <input name="name" required placeholder="repository:tag" autocomplete="off" spellcheck={false} />
      </label>
      <p class="muted">Without a tag, latest is meant. A name that another image has moves to this one.</p>
    </AskDialog>
  );
}

export interface ExportAnswer {
  readonly format: string;
  readonly file: string;
}

export function ExportDialog({ count, act, close }: Dialog<ExportAnswer> & { count: number }) {
  return (
    <AskDialog
      title={`Export ${imagesOf(count)} to one archive`}
      yes="Export"
      act={(fields) =>
        act({ format: String(fields.get("format")), file: String(fields.get("file") ?? "").trim() })
      }
      close={close}
    >
      <label class="field">
        Format
        <select name="format">
          <option value="docker">docker: for docker load</option>
          <option value="oci">oci: an OCI layout, which Docker reads as well</option>
          <option value="docker-legacy">docker-legacy: for old versions of Docker</option>
        </select>
      </label>
      <label class="field">
        File
        <input name="file" placeholder="the job's id with .tar" autocomplete="off" spellcheck={false} />
      </label>
      <p class="muted">It lies among the exports then, to be downloaded. Ancestors come with the images.</p>
    </AskDialog>
  );
}

export function DeleteDialog({ plan, act, close }: Dialog<void> & { plan: DeletionPlan }) {
  const count = countOf(plan);
  const { kept, waves } = plan;
  const names = waves.flat().flatMap((row) => row.names);
  return (
    <AskDialog
      title={count === 0 ? "None of these can be deleted" : `Delete ${imagesOf(count)}?`}
      yes="Delete"
      kind="danger"
      act={count === 0 ? undefined : () => act()}
      close={close}
    >
      {count > 0 && <p>Their layers, checksums and names go with them. This cannot be undone.</p>}
      {names.length > 0 && (
        <p>
          {formatCount(names.length)} {names.length === 1 ? "name goes" : "names go"} too: {listed(names)}
        </p>
      )}
      {kept.length > 0 && (
        <p>
          {imagesOf(kept.length)} {kept.length === 1 ? "stays" : "stay"}, as others build on{" "}
          {kept.length === 1 ? "it" : "them"} that stay:{" "}
          <span class="mono">{listed(kept.map(({ id }) => shortId(id)))}</span>
        </p>
      )}
      {waves.length > 2 && (
        <p>
          Images go once those that build on them have gone: keep this page open until all jobs are started.
        </p>
      )}
    </AskDialog>
  );
}

/** `1 image`, `1,234 images`. */
export function imagesOf(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "image" : "images"}`;
}

function listed(texts: readonly string[]): string {
  const more = texts.length - most;
  return [...texts.slice(0, most), ...(more > 0 ? [`and ${formatCount(more)} more`] : [])].join(", ");
}
