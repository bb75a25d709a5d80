// What can be done with one image.
import { useState } from "preact/hooks";
import type { ImageDetails } from "../../api-types.js";
import { ActionButton } from "../../parts/index.js";
import { planDeletion } from "./deletion-plan.js";
import { DeleteDialog, ExportDialog, TagDialog } from "./dialogs.js";

/** @param start enqueues a job, and shows it on the page */
export function ImageActions(props: {
  image: ImageDetails;
  start: (name: string, data: object) => Promise<void>;
}) {
  const { image, start } = props;
  const { id } = image;
  const [open, setOpen] = useState<"tag" | "export" | "delete">();
  const close = () => setOpen(undefined);
  const ask = (dialog: "tag" | "export" | "delete") => async () => setOpen(dialog);
  return (
    <div class="actions">
      <ActionButton act={() => start("verify", { id })}>Verify</ActionButton>
      <ActionButton act={() => start("checksum", { id })}>Checksum</ActionButton>
      <ActionButton act={() => start("mount", { id })}>Mount</ActionButton>
      <ActionButton act={ask("tag")}>Tag…</ActionButton>
      <ActionButton act={ask("export")}>Export…</ActionButton>
      <ActionButton act={ask("delete")} kind="danger">
        Delete…
      </ActionButton>
      {open === "tag" && <TagDialog id={id} act={(name) => start("tag", { id, name })} close={close} />}
      {open === "export" && (
        <ExportDialog
          count={1}
          act={({ format, file }) => start("export", { ids: [id], format, ...(file !== "" && { file }) })}
          close={close}
        />
      )}
      {open === "delete" && (
        <DeleteDialog plan={planDeletion([image])} act={() => start("delete", { id })} close={close} />
      )}
    </div>
  );
}
