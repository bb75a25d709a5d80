// One mount: what its state means, what was changed in it, a commit of that, and its end.
import { useState } from "preact/hooks";
import {
  ChecksumChoice,
  JobForm,
  More,
  runJob,
  StartedJobs,
  TextField,
  useStartedJobs,
} from "../../../forms/index.js";
import { ActionButton, Facts } from "../../../parts/index.js";
import { mayAct } from "../../../session.js";
import { ChangeList } from "./change-list.js";
import type { Change, Mount } from "./mount.js";
import { UnmountButton } from "./unmount-button.js";

const meanings: Readonly<Record<Mount["state"], string>> = {
  mounted: "The kernel has it.",
  stale:
    "The kernel has it no more, as after a reboot. What was written to it is still there, to be looked at and committed; Unmount removes what is left.",
  unmounted:
    "It was unmounted, and what was written to it kept, to be looked at and committed. Unmount removes what is left.",
  elsewhere:
    "Another host has it: only that one knows whether it is mounted there. Its worker does what is asked here.",
};

/** @param mount undefined for one that is no more */
export function MountCard({ mount, onChange }: { mount: Mount | undefined; onChange: () => void }) {
  const [changes, setChanges] = useState<readonly Change[]>();
  const { jobs, add } = useStartedJobs();
  const look = async () => {
    const { result } = await runJob("changes", { mountId: mount?.mountId });
    setChanges((result as { changes: readonly Change[] } | null)?.changes);
  };
  return (
    <section class="card" aria-label={`Mount ${mount?.mountId ?? ""}`}>
      {mount === undefined && <p class="muted">This mount is no more.</p>}
      {mount && (
        <>
          <div class="heading">
            <h2>
              Mount <span class="mono">{mount.mountId}</span>
            </h2>
            <UnmountButton mount={mount} onStart={add} />
          </div>
          <p>{meanings[mount.state]}</p>
          <Facts
            facts={[
              ["Target", <code key="target">{mount.target}</code>],
              ["Written to", mount.upper === undefined ? "–" : <code key="upper">{mount.upper}</code>],
            ]}
          />
        </>
      )}
      <StartedJobs jobs={jobs} onEnd={onChange} />
      {mount &&
        mayAct() &&
        (mount.upper === undefined ? (
          <p class="muted">It takes no changes.</p>
        ) : (
          <>
            <h2>Changes</h2>
            <ActionButton act={look}>
              {changes === undefined ? "Look for changes" : "Look again"}
            </ActionButton>
            {changes && <ChangeList changes={changes} />}
            <h2>Commit</h2>
            <JobForm
              kind="commit"
              label="Commit the changes"
              submit="Commit"
              given={{ mountId: mount.mountId }}
              onEnd={onChange}
            >
              <TextField name="name" label="Name" hint="Such as web:1.1; it may have none" />
              <TextField name="image.comment" label="Comment" />
              <More>
                <TextField name="image.author" label="Author" />
                <TextField name="image.id" label="Id" hint="By default a new one of 64 hex digits" />
                <ChecksumChoice name="checksum" />
              </More>
            </JobForm>
          </>
        ))}
    </section>
  );
}
