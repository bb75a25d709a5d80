// Whether the images of a root are whole, and those that must be there, by tar, xz, sha256sum and find.
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../../support/processes/shell.js";
import type { Content } from "../contents.js";
import { type AcknowledgedJob, expectedWorld, type Ledger } from "../ledger.js";
import { canonicalTar } from "./shell-lines.js";

export interface GraphAuditOptions {
  /** All that may have been stored. */
  readonly contents: readonly Content[];
  /** False while a worker may be at work: then staging may hold what it makes. */
  readonly isQuiet: boolean;
  /** Images that are audited elsewhere. */
  readonly others?: ReadonlySet<string>;
}

/** Finds images that are missing, half, of other content than was stored, or deleted and still there; and leftovers. */
export async function auditGraph(
  root: string,
  ledger: Ledger,
  options: GraphAuditOptions,
): Promise<string[]> {
  const { images, deleted, undecided } = expectedWorld(ledger);
  const directory = join(root, "graph");
  const present = existsSync(directory) ? readdirSync(directory).filter((name) => name !== ":tmp:") : [];
  const findings: string[] = [];
  for (const [id, { id: jobId }] of images)
    if (!present.includes(id) && !undecided.has(id))
      findings.push(`the image ${id}, stored by job ${jobId}, is gone`);
  for (const id of deleted)
    if (present.includes(id)) findings.push(`the image ${id} was deleted and is there`);
  const whole: PresentImage[] = [];
  for (const id of present) {
    if (options.others?.has(id)) continue;
    const maker =
      images.get(id) ??
      ledger.jobs.find(({ name, image }) => image === id && ["store", "commit"].includes(name));
    if (maker === undefined) {
      findings.push(`the image ${id} is of no job of the trial`);
      continue;
    }
    const image = { id, path: join(directory, id), maker };
    const found = auditFiles(image, options);
    findings.push(...found);
    if (found.length === 0) whole.push(image);
  }
  findings.push(...(await auditContents(whole, ledger, options.contents)));
  if (options.isQuiet) findings.push(...auditLeftovers(root));
  return findings;
}

/** An image that is there, and the job that made it. */
interface PresentImage {
  readonly id: string;
  readonly path: string;
  readonly maker: AcknowledgedJob;
}

/** What an image's directory holds, but for the layer's content. */
function auditFiles({ id, path, maker }: PresentImage, { isQuiet }: GraphAuditOptions): string[] {
  const half = (what: string) => [`the image ${id} is half: ${what}`];
  // What a crash leaves of a file that was being replaced lies beside it, until that is done again.
  const known = ["json", "layer", "layer.json", "checksum.json", "manifest.gz", "tar-split.gz"];
  if (!isQuiet) known.push("layer.json.new", "checksum.json.new");
  const strange = readdirSync(path).filter((name) => !known.includes(name));
  if (strange.length > 0) return half(`it holds ${strange.join(", ")}`);
  for (const name of ["json", "layer.json"]) {
    const document = readDocument(join(path, name));
    if (document === undefined) return half(`${name} is missing or no JSON`);
    if (name === "json" && document.id !== id) return half(`json is of ${document.id}`);
  }
  if (!lstatSync(join(path, "layer"), { throwIfNoEntry: false })?.isDirectory())
    return half("it has no layer");
  if (maker.written !== undefined) {
    const file = join(path, "layer", maker.written.path);
    if (!existsSync(file) || readFileSync(file, "utf8") !== maker.written.text)
      return half(`its layer lacks ${maker.written.path} as it was committed`);
  }
  return [];
}

/** The layers' trees, and their checksums: each by a pipe of its own, all by one shell, for starting that takes longest. */
async function auditContents(
  images: readonly PresentImage[],
  ledger: Ledger,
  contents: readonly Content[],
): Promise<string[]> {
  const tarDigests = await sha256(images.map(({ path }) => canonicalTar(join(path, "layer"))));
  const findings: string[] = [];
  const asked: AskedChecksums[] = [];
  for (const [at, image] of images.entries()) {
    const tarDigest = tarDigests[at] ?? "";
    const { id, maker } = image;
    if (maker.content !== undefined && tarDigest !== maker.content.tarDigest)
      findings.push(`the image ${id} is half: its layer is not the tree of ${maker.content.name}`);
    else {
      const { found, all } = checksumsOf(image, ledger);
      findings.push(...found);
      if (all.length > 0) asked.push({ image, tarDigest, all });
    }
  }
  const lines = asked.map(({ image: { path, maker }, tarDigest }) => {
    const same = maker.content ?? contents.find((other) => other.tarDigest === tarDigest);
    const archive =
      same === undefined
        ? `${canonicalTar(join(path, "layer"))} | xz -6 --check=crc64 --block-size=8MiB -T2`
        : `cat ${same.compressed}`;
    return `{ cat '${join(path, "json")}'; echo; ${archive}; }`;
  });
  const expected = (await sha256(lines)).map((digest) => `sha256:${digest}`);
  for (const [at, { image, tarDigest, all }] of asked.entries()) {
    for (const { checksum, tarDigest: digest } of all) {
      if (checksum !== expected[at])
        findings.push(`the checksum of image ${image.id} is ${checksum}, by hand ${expected[at]}`);
      if (digest !== `sha256:${tarDigest}`)
        findings.push(`the tar digest of image ${image.id} is ${digest}, by hand ${tarDigest}`);
    }
  }
  return findings;
}

/** An image with the digest of its tar by hand, and the checksums it is said to have. */
interface AskedChecksums {
  readonly image: PresentImage;
  readonly tarDigest: string;
  readonly all: readonly { readonly checksum: string; readonly tarDigest: string }[];
}

/** The stored checksum and those that jobs have answered. */
function checksumsOf({ id, path }: PresentImage, { jobs, ends }: Ledger) {
  const answered = jobs.flatMap(({ id: jobId, name, image }) => {
    const end = ends.get(jobId);
    return name === "checksum" && image === id && end?.state === "completed" ? [end.result] : [];
  });
  const file = join(path, "checksum.json");
  const stored = existsSync(file) ? readDocument(file) : {};
  if (stored === undefined)
    return { found: [`the checksums of image ${id} are half: checksum.json is no JSON`], all: [] };
  const entry = stored["xz-6"];
  const found =
    answered.length > 0 && entry === undefined
      ? [`the checksum of image ${id} was answered and is not stored`]
      : [];
  return { found, all: [...answered, ...(entry === undefined ? [] : [entry])] };
}

/** Finds what must not lie about while no job runs. */
export function auditLeftovers(root: string): string[] {
  return ["graph/:tmp:", "inbox", "checksums.pending"].flatMap((name) => {
    const path = join(root, name);
    return existsSync(path) ? readdirSync(path).map((entry) => `${name}/${entry} was left`) : [];
  });
}

// biome-ignore lint/suspicious/noExplicitAny: an outsider knows no types
function readDocument(path: string): any {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** What each of these lines writes, as hex digests. @throws if a command of any of them fails */
async function sha256(lines: readonly string[]): Promise<string[]> {
  const digests: string[] = [];
  for (let at = 0; at < lines.length; at += linesAtOnce) {
    const each = lines.slice(at, at + linesAtOnce).map((line) => `${line} | sha256sum || exit 1`);
    digests.push(...(await shell(each.join("\n"))).toString("latin1").split("\n").slice(0, -1));
  }
  return digests.map((line) => line.slice(0, 64));
}

/** So many fit into an argument (128 KiB, execve(2)). */
const linesAtOnce = 100;
