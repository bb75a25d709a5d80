// One upload: how far it is, and what becomes of it once it is whole.
import { useEffect, useState } from "preact/hooks";
import type { JobRecord, Progress } from "../../../api-types.js";
import { formatBytes } from "../../../format.js";
import { ActionButton, ProgressBar } from "../../../parts/index.js";
import {
  type Contents,
  contentsOf,
  dropUpload,
  forgetUpload,
  giveUpUpload,
  pauseUpload,
  resumeUpload,
  type Upload,
  type UploadState,
} from "../../../uploads/index.js";
import { type Into, SourceForm } from "./source-form.js";

const words: Readonly<Record<UploadState, string>> = {
  waiting: "waits for the others",
  sending: "on its way",
  paused: "paused",
  broken: "broke off: it is tried again by itself",
  parted: "not whole: choose the same file again, and it goes on",
  refused: "refused",
  whole: "on the server",
};

export function UploadCard({ upload }: { upload: Upload }) {
  const { name, fileName, bytes, file, state, why } = upload;
  const [contents, setContents] = useState<Contents>();
  const [job, setJob] = useState<JobRecord>();
  useEffect(() => {
    if (file !== undefined) contentsOf(file).then(setContents, () => undefined);
  }, [file]);
  const isPausable = state === "waiting" || state === "sending" || state === "broken";
  return (
    <section class="card upload" aria-label={`Upload of ${fileName}`} data-taken={job !== undefined}>
      <div class="heading">
        <h3>{fileName}</h3>
        <div class="actions">
          {isPausable && (
            <ActionButton act={async () => pauseUpload(name)} label={`Pause the upload of ${fileName}`}>
              Pause
            </ActionButton>
          )}
          {(state === "paused" || state === "refused") && file !== undefined && (
            <ActionButton act={async () => resumeUpload(name)} label={`Resume the upload of ${fileName}`}>
              Resume
            </ActionButton>
          )}
          {job === undefined ? (
            <ActionButton
              act={() => giveUpUpload(name)}
              kind="danger"
              label={`Cancel the upload of ${fileName}`}
            >
              Cancel
            </ActionButton>
          ) : (
            <ActionButton act={async () => dropUpload(name)} label={`Hide ${fileName}`}>
              Hide
            </ActionButton>
          )}
        </div>
      </div>
      {job === undefined && (
        <p role="status">
          {words[state]}
          {why !== "" && `: ${why}`}
        </p>
      )}
      {state === "whole" ? (
        <p class="muted">{formatBytes(bytes)}</p>
      ) : (
        <ProgressBar label={`Upload of ${fileName}`} progress={progressOf(upload)} />
      )}
      {contents === "unknown" && job === undefined && (
        <p class="advice">
          This does not begin as a tar archive, nor as a compressed one: a job will refuse it.
        </p>
      )}
      <SourceForm
        source={{ upload: name }}
        of={fileName}
        into={intoOf(contents)}
        notYet={
          job !== undefined
            ? "A job has taken it."
            : state === "whole"
              ? undefined
              : "This can be done once all of it has come."
        }
        onStart={(started) => {
          forgetUpload(name);
          setJob(started);
        }}
      />
    </section>
  );
}

/** Undefined where nobody but who uploads can know. */
function intoOf(contents: Contents | undefined): Into | undefined {
  return contents === "image" ? "import" : contents === "layer" ? "store" : undefined;
}

function progressOf({ bytes, sent, since, state }: Upload): Progress {
  const seconds = (Date.now() - since.at) / 1_000;
  const bytesPerSecond = (sent - since.sent) / seconds;
  const isKnown = state === "sending" && seconds > 1 && bytesPerSecond > 0;
  return {
    ...{ phase: "upload", done: sent, total: bytes, unit: "bytes" },
    ...(isKnown ? { bytesPerSecond, secondsLeft: (bytes - sent) / bytesPerSecond } : {}),
  };
}
