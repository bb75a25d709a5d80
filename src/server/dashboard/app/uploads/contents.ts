// What a file is, as far as its first bytes tell: so that nobody uploads for an hour what is no archive.

/** `image` of docker save or OCI; `layer` a tar of anything else; `compressed`, and so not looked into; or `unknown`. */
export type Contents = "image" | "layer" | "compressed" | "unknown";

/** The first bytes of gzip, bzip2, xz and zstd. */
const compressed = ["1f8b", "425a68", "fd377a585a00", "28b52ffd"];
const block = 512;
/** How many entries of a tar are looked at: an archive of images begins with what tells it from a layer, or ends soon. */
const entries = 200;
/** What only an archive of images has at its top. */
const marks =
  /^(?:\.\/)?(?:manifest\.json|oci-layout|index\.json|repositories|blobs\/|[0-9a-f]{64}(?:\/|\.json$))/;

export async function contentsOf(file: File): Promise<Contents> {
  const head = await bytesAt(file, 0, block);
  const hex = [...head.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (compressed.some((magic) => hex.startsWith(magic))) return "compressed";
  if (textOf(head, 257, 5) !== "ustar") return "unknown";
  let at = 0;
  for (let count = 0; count < entries && at < file.size; count += 1) {
    const header = await bytesAt(file, at, block);
    const name = textOf(header, 0, 100);
    if (name === "") break;
    if (marks.test(name)) return "image";
    const size = Number.parseInt(textOf(header, 124, 12), 8) || 0;
    at += block + Math.ceil(size / block) * block;
  }
  return "layer";
}

async function bytesAt(file: File, start: number, length: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(start, start + length).arrayBuffer());
}

/** Up to its end or a zero. */
function textOf(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim();
}
