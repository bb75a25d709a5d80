// An archive that is not uploaded, but read by the worker: at a URL, or at a path on its host.
import { useState } from "preact/hooks";
import { SourceForm } from "./source-form.js";

export function Elsewhere() {
  const [typed, setTyped] = useState("");
  const [sha256, setSha256] = useState("");
  const where = typed.trim();
  const isUrl = /^https?:\/\//i.test(where);
  const isGiven = isUrl || where.startsWith("/");
  const digest = sha256.trim();
  return (
    <>
      <div class="fields">
        <div class="field">
          <label for="elsewhere">URL or path</label>
          <input
            {...{ id: "elsewhere", type: "text", autocomplete: "off", spellcheck: false }}
            {...{ placeholder: "https://files.example/base.tar.xz", value: typed }}
            aria-describedby="elsewhere-hint"
            onInput={({ currentTarget }) => setTyped(currentTarget.value)}
          />
          <span class="hint" id="elsewhere-hint">
            A path is one of the worker's host. The worker reads only what its operator allows.
          </span>
        </div>
        {isUrl && (
          <div class="field">
            <label for="elsewhere-sha256">SHA-256</label>
            <input
              {...{ id: "elsewhere-sha256", type: "text", autocomplete: "off", spellcheck: false }}
              {...{ value: sha256 }}
              aria-describedby="elsewhere-sha256-hint"
              onInput={({ currentTarget }) => setSha256(currentTarget.value)}
            />
            <span class="hint" id="elsewhere-sha256-hint">
              64 hex digits that it must have; empty for any
            </span>
          </div>
        )}
      </div>
      <SourceForm
        source={isUrl ? { url: where, ...(digest === "" ? {} : { sha256: digest }) } : { path: where }}
        of="what is elsewhere"
        into={undefined}
        notYet={isGiven ? undefined : "Give a URL, or a path that begins with a slash."}
      />
    </>
  );
}
