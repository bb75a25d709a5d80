// Adds images: by upload, from a URL or a path, from a registry. And takes them to one.
import { useEffect } from "preact/hooks";
import { JobForm, PullFields, PushFields } from "../../../forms/index.js";
import { mayAct, session } from "../../../session.js";
import { useTitle } from "../../../title.js";
import { recallUploads, uploads } from "../../../uploads/index.js";
import { DropZone } from "./drop-zone.js";
import { Elsewhere } from "./elsewhere.js";
import { UploadCard } from "./upload-card.js";

export function AddPage() {
  useTitle("Add");
  const may = mayAct();
  useEffect(() => {
    // What cannot be recalled now is there at the next visit.
    if (may) recallUploads().catch(() => undefined);
  }, [may]);
  return (
    <>
      <h1>Add</h1>
      {may && <Forms />}
      {session.value?.role === "read" && (
        <p class="muted">You may look, but not add: that takes a token with the role full.</p>
      )}
    </>
  );
}

function Forms() {
  return (
    <>
      <section class="card">
        <h2>Upload</h2>
        <DropZone />
      </section>
      {uploads.value.map((upload) => (
        <UploadCard key={upload.name} upload={upload} />
      ))}
      <div class="columns">
        <section class="card">
          <h2>Pull from a registry</h2>
          <JobForm kind="pull" label="Pull an image from a registry" submit="Pull">
            <PullFields />
          </JobForm>
        </section>
        <section class="card">
          <h2>Push to a registry</h2>
          <JobForm kind="push" label="Push an image to a registry" submit="Push">
            <PushFields />
          </JobForm>
        </section>
      </div>
      <details class="card">
        <summary>From a URL or a path</summary>
        <Elsewhere />
      </details>
    </>
  );
}
