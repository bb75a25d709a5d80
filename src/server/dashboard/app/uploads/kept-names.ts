// Under which name a file is uploaded, kept by the browser: so the same file goes on where it was, also after a reload.

/** An upload that was begun in this browser, and not yet used or given up. */
export interface KeptUpload {
  /** Its name on the server. */
  readonly name: string;
  readonly fileName: string;
  readonly bytes: number;
  /** When the file was last changed, in ms since the epoch. */
  readonly modified: number;
}

const prefix = "stevedore-upload:";

/** The upload of a file: the one that was begun of it, or a new one. */
export function keptUploadOf(file: File): KeptUpload {
  const { name: fileName, size: bytes, lastModified: modified } = file;
  const isSame = (kept: KeptUpload) =>
    kept.fileName === fileName && kept.bytes === bytes && kept.modified === modified;
  const known = keptUploads().find(isSame);
  if (known !== undefined) return known;
  const kept = { name: newName(), fileName, bytes, modified };
  localStorage.setItem(prefix + kept.name, JSON.stringify(kept));
  return kept;
}

/** All that this browser has begun. */
export function keptUploads(): KeptUpload[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix))
    .map((key) => JSON.parse(localStorage.getItem(key) ?? "{}") as KeptUpload);
}

export function forgetUpload(name: string): void {
  localStorage.removeItem(prefix + name);
}

/** Not by randomUUID, which a page without TLS has not. */
function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `browser-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
