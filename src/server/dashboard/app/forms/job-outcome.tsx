// What became of a job that was started by a form: the images that it made, or what to do about its failure.
import type { ErrorCode } from "../../../../terms/index.js";
import type { JobRecord } from "../api-types.js";
import { formatBytes, formatCount, shortId } from "../format.js";

interface Result {
  readonly id?: string;
  readonly images?: readonly { readonly id: string; readonly names: readonly string[] }[];
  readonly name?: string;
  readonly target?: string;
  readonly file?: string;
  readonly bytes?: number;
  readonly digest?: string;
  readonly ref?: string;
  readonly layersAdded?: number;
  readonly layersPresent?: number;
  readonly stored?: boolean;
  readonly moved?: readonly { readonly name: string; readonly previous: string }[];
  readonly upper?: string;
}

export function JobOutcome({ job }: { job: JobRecord }) {
  if (job.state === "failed") return <Advice job={job} />;
  if (job.state !== "completed") return null;
  const result = (job.result ?? {}) as Result;
  return (
    <div class="outcome">
      <ImagesMade result={result} />
      {job.name === "mount" && (
        <p>
          Mounted at <code>{result.target}</code>
        </p>
      )}
      {job.name === "unmount" && result.upper !== undefined && (
        <p>
          What was written is kept at <code>{result.upper}</code>
        </p>
      )}
      {job.name === "export" && result.file !== undefined && (
        <p>
          <a href={`/api/v1/exports/${encodeURIComponent(result.file)}`} download={result.file}>
            {result.file}
          </a>{" "}
          {formatBytes(result.bytes ?? 0)}
        </p>
      )}
      {job.name === "push" && (
        <p>
          {result.ref} is <code>{result.digest}</code>
        </p>
      )}
      {result.stored === false && <p>It was in the graph already.</p>}
      {result.moved?.map(({ name, previous }) => (
        <p key={name}>
          {name} stood for{" "}
          <a class="mono" href={`/images/${encodeURIComponent(previous)}`}>
            {shortId(previous)}
          </a>{" "}
          before.
        </p>
      ))}
    </div>
  );
}

function ImagesMade({ result: { id, images, name, layersAdded, layersPresent } }: { result: Result }) {
  const made = images ?? (id === undefined ? [] : [{ id, names: name === undefined ? [] : [name] }]);
  if (made.length === 0) return null;
  return (
    <>
      <ul class="plain">
        {made.map((image) => (
          <li key={image.id}>
            <a class="mono" href={`/images/${encodeURIComponent(image.id)}`} title={image.id}>
              {shortId(image.id)}
            </a>{" "}
            {image.names.join(", ")}
          </li>
        ))}
      </ul>
      {layersAdded !== undefined && (
        <p class="muted">
          {formatCount(layersAdded)} layers came, {formatCount(layersPresent ?? 0)} were there before.
        </p>
      )}
    </>
  );
}

/** What can be done about it, by the code of the failure. */
const advice: Partial<Record<ErrorCode, string>> = {
  BAD_ARCHIVE:
    "A layer is a tar archive, plain or compressed by gzip, bzip2, xz or zstd; an image archive is what docker save, podman or skopeo write.",
  IMAGE_EXISTS: "Choose another id, or leave it empty: then one is made.",
  IMAGE_IN_USE: "Something still needs it: unmount or delete that first.",
  IMAGE_NOT_FOUND: "Choose an image of the list.",
  LIMIT_EXCEEDED: "The operator can allow more, by a flag of the worker.",
  ALREADY_MOUNTED: "Choose another target, or none: then a new directory is made.",
  MOUNT_UNSUPPORTED: "Choose another driver, or auto.",
  NEEDS_ROOT: "Run the worker as root, or choose what needs no root: a mount by fuse-overlayfs or copy.",
  NO_SPACE: "Make room on the disk; the worker tries it again by itself.",
  PARENT_NOT_FOUND: "Bring the parent into the graph first.",
  SOURCE_NOT_FOUND: "Look for a slip in its name, its tag or its platform.",
  TOOL_MISSING: "Install it on the worker's host; stevedore doctor tells what else is missing.",
  UNSAFE_ENTRY: "The archive would write outside of the layer: it is not stored.",
};

/** The same where it depends on what was to be done. */
const adviceByKind: Readonly<Record<string, string>> = {
  "pull SOURCE_FORBIDDEN":
    "A worker asks no registry that was not named: its operator starts it with --allow-registry HOST. Where the registry itself refuses, give the worker credentials by --registry-auth.",
  "push TARGET_FORBIDDEN":
    "A worker asks no registry that was not named: its operator starts it with --allow-registry HOST. Where the registry itself refuses, give the worker credentials by --registry-auth.",
  "mount TARGET_FORBIDDEN":
    "A target must be empty, and lie below a directory that the worker may mount in (--mount-dir).",
  "export TARGET_FORBIDDEN": "Choose another file name: an export overwrites nothing.",
  "store SOURCE_FORBIDDEN":
    "The worker's operator allows directories by --allow-source DIRECTORY, and hosts by --allow-host HOST.",
  "import SOURCE_FORBIDDEN":
    "The worker's operator allows directories by --allow-source DIRECTORY, and hosts by --allow-host HOST.",
};

function Advice({ job: { name, failedReason } }: { job: JobRecord }) {
  const code = failedReason?.split(":", 1)[0] ?? "";
  const text = adviceByKind[`${name} ${code}`] ?? advice[code as ErrorCode];
  return text === undefined ? null : <p class="advice">{text}</p>;
}
