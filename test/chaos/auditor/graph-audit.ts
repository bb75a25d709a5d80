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
  for (const id of present) {
    const maker =
      images.get(id) ??
      ledger.jobs.find(({ name, image }) => image === id && ["store", "commit"].includes(name));
    if (maker === undefined) findings.push(`the image ${id} is of no job of the trial`);
    else findings.push(...(await auditImage(join(directory, id), id, maker, ledger, options)));
  }
  if (options.isQuiet) findings.push(...leftovers(root));
  return findings;
}

async function auditImage(
  path: string,
  id: string,
  maker: AcknowledgedJob,
  ledger: Ledger,
  { contents, isQuiet }: GraphAuditOptions,
): Promise<string[]> {
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
  const tarDigest = await sha256(canonicalTar(join(path, "layer")));
  if (maker.content !== undefined && tarDigest !== maker.content.tarDigest)
    return half(`its layer is not the tree of ${maker.content.name}`);
  if (maker.written !== undefined) {
    const file = join(path, "layer", maker.written.path);
    if (!existsSync(file) || readFileSync(file, "utf8") !== maker.written.text)
      return half(`its layer lacks ${maker.written.path} as it was committed`);
  }
  return auditChecksums(path, id, tarDigest, maker, ledger, contents);
}

/** The stored checksum and those that jobs have answered, against the documented line of shell. */
async function auditChecksums(
  path: string,
  id: string,
  tarDigest: string,
  { content }: AcknowledgedJob,
  { jobs, ends }: Ledger,
  contents: readonly Content[],
): Promise<string[]> {
  const findings: string[] = [];
  const answered = jobs.flatMap(({ id: jobId, name, image }) => {
    const end = ends.get(jobId);
    return name === "checksum" && image === id && end?.state === "completed" ? [end.result] : [];
  });
  const file = join(path, "checksum.json");
  const stored = existsSync(file) ? readDocument(file) : {};
  if (stored === undefined) return [`the checksums of image ${id} are half: checksum.json is no JSON`];
  const entry = stored["xz-6"];
  if (answered.length > 0 && entry === undefined)
    findings.push(`the checksum of image ${id} was answered and is not stored`);
  const all = [...answered, ...(entry === undefined ? [] : [entry])];
  if (all.length === 0) return findings;
  const same = content ?? contents.find((other) => other.tarDigest === tarDigest);
  const archive =
    same === undefined
      ? `${canonicalTar(join(path, "layer"))} | xz -6 --check=crc64 --block-size=8MiB -T2`
      : `cat ${same.compressed}`;
  const expected = `sha256:${await sha256(`{ cat '${join(path, "json")}'; echo; ${archive}; }`)}`;
  for (const { checksum, tarDigest: digest } of all) {
    if (checksum !== expected)
      findings.push(`the checksum of image ${id} is ${checksum}, by hand ${expected}`);
    if (digest !== `sha256:${tarDigest}`)
      findings.push(`the tar digest of image ${id} is ${digest}, by hand ${tarDigest}`);
  }
  return findings;
}

/** What must not lie about while no job runs. */
function leftovers(root: string): string[] {
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

async function sha256(line: string): Promise<string> {
  return (await shell(`${line} | sha256sum`)).toString("latin1").slice(0, 64);
}
