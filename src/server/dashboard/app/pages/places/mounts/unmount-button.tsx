// Unmounts; where something would be lost it asks first, and offers to keep it.
import { useRef, useState } from "preact/hooks";
import type { JobRecord } from "../../../api-types.js";
import { formatCount } from "../../../format.js";
import { runJob } from "../../../forms/index.js";
import { ActionButton, startJob } from "../../../parts/index.js";
import { mayAct } from "../../../session.js";
import type { Change, Mount } from "./mount.js";

export function UnmountButton({ mount, onStart }: { mount: Mount; onStart: (job: JobRecord) => void }) {
  const { mountId, upper } = mount;
  const [lost, setLost] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  if (!mayAct()) return null;
  const unmount = async (keepUpper: boolean) => {
    dialog.current?.close();
    onStart(await startJob("unmount", { mountId, ...(keepUpper ? { keepUpper } : {}) }));
  };
  const press = async () => {
    const what = upper === undefined ? "" : await whatIsLost(mountId);
    if (what === "") return unmount(false);
    setLost(what);
    dialog.current?.showModal();
  };
  return (
    <>
      <ActionButton act={press} kind="danger" label={`Unmount ${mountId}`}>
        Unmount
      </ActionButton>
      <dialog class="ask" ref={dialog} aria-label="Unmount without a commit?">
        <h2>Unmount without a commit?</h2>
        <p>
          {lost} What was committed is an image, and stays. What was written can also be kept on the disk, for
          a later look or commit.
        </p>
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Leave it mounted
          </button>
          {mount.state !== "unmounted" && (
            <ActionButton act={() => unmount(true)}>Unmount, and keep what was written</ActionButton>
          )}
          <ActionButton act={() => unmount(false)} kind="danger">
            Unmount, and remove it
          </ActionButton>
        </div>
      </dialog>
    </>
  );
}

/** In words; nothing where nothing was written. */
async function whatIsLost(mountId: string): Promise<string> {
  try {
    const { result } = await runJob("changes", { mountId }, 20);
    const changes = (result as { changes: readonly Change[] } | null)?.changes;
    if (changes === undefined) return "It is not known yet whether something was changed in it.";
    if (changes.length === 0) return "";
    return changes.length === 1
      ? "A change in it would be gone."
      : `${formatCount(changes.length)} changes in it would be gone.`;
  } catch (error) {
    return `It is not known whether something was changed in it: ${(error as Error).message}.`;
  }
}
