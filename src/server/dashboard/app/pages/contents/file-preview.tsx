// The beginning of a file as text. It is never taken for a page: what a file holds is shown as its letters.
import { useEffect, useState } from "preact/hooks";
import { formatBytes } from "../../format.js";
import { Notice } from "../../parts/index.js";
import { withParameters } from "./query.js";

/** How much of a file is shown, in bytes. */
const mostShown = 64 * 1024;

type Preview =
  | { readonly kind: "text"; readonly text: string; readonly size: number }
  | { readonly kind: "binary"; readonly size: number }
  | { readonly kind: "failed"; readonly message: string };

/** The address of a file's bytes. @param image any image in which the file is seen */
export function addressOfFile(image: string, path: string): string {
  return `/api/v1/images/${encodeURIComponent(image)}/files/${encodeURIComponent(path.slice(1))}`;
}

export function FilePreview({ image, path }: { image: string; path: string }) {
  const [preview, setPreview] = useState<Preview>();
  const address = addressOfFile(image, path);
  useEffect(() => {
    const ended = new AbortController();
    setPreview(undefined);
    load(address, ended.signal).then(setPreview, (error: unknown) => {
      if (!ended.signal.aborted) setPreview({ kind: "failed", message: String(error) });
    });
    return () => ended.abort();
  }, [address]);
  return (
    <section class="card preview" aria-label={`The file ${path}`}>
      <div class="heading">
        <h2 class="mono">{path}</h2>
        <div class="actions">
          <a href={address} download>
            Download
          </a>
          <a href={withParameters({ file: "" })}>Close</a>
        </div>
      </div>
      {preview === undefined && (
        <p class="muted" role="status">
          Loading the file…
        </p>
      )}
      {preview !== undefined && <Shown preview={preview} />}
    </section>
  );
}

function Shown({ preview }: { preview: Preview }) {
  if (preview.kind === "failed") return <Notice>{preview.message}</Notice>;
  const { size } = preview;
  if (size === 0) return <p class="muted">The file is empty.</p>;
  if (preview.kind === "binary") return <p class="muted">{formatBytes(size)} that are no text.</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>{preview.text}</pre>
      {size > mostShown && (
        <p class="muted">
          The first {formatBytes(mostShown)} of {formatBytes(size)}.
        </p>
      )}
    </>
  );
}

async function load(address: string, signal: AbortSignal): Promise<Preview> {
  const response = await fetch(address, { signal, headers: { range: `bytes=0-${mostShown - 1}` } });
  const { headers } = response;
  const size = Number(headers.get("content-range")?.split("/")[1] ?? headers.get("content-length") ?? 0);
  if (!response.ok) {
    const { detail = response.statusText } = (await response.json().catch(() => ({}))) as { detail?: string };
    return { kind: "failed", message: detail };
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.includes(0)) return { kind: "binary", size };
  return { kind: "text", text: new TextDecoder().decode(bytes), size };
}
