// stevedore checksum --check FILE: holds a list of checksums against this graph, as sha256sum --check holds one against files.
import { readFile } from "node:fs/promises";
import { type Graph, openGraph } from "../../../graph/index.js";
import type { NewJob } from "../../../producer/index.js";
import {
  defaultRecipe,
  type ErrorCode,
  failureOf,
  isErrno,
  type RecipeName,
  StevedoreError,
  throwIfAborted,
} from "../../../terms/index.js";
import { openQueueSession } from "../../embedded/index.js";
import { type CommandContext, ReportedFailure } from "../../run-command.js";
import { type Outcome, runJobs } from "../../run-jobs.js";
import { type ThreadFlags, workerOptions } from "../../worker-flags.js";
import { type ListedChecksum, readChecksumList } from "./checksum-list.js";

interface CheckOptions extends ThreadFlags {
  /** The recipe of all lines; else each has its own, or may be of any that the graph has stored a checksum by. */
  readonly recipe: RecipeName | undefined;
  /** Computes anew what is stored. */
  readonly force: boolean;
  /** Fails for lines that are malformed. */
  readonly strict: boolean;
  /** Prints nothing. */
  readonly status: boolean;
  /** Passes over images that the graph has not. */
  readonly ignoreMissing: boolean;
}

/** What became of a line. */
interface CheckedLine {
  readonly line: number;
  /** The image as the list names it. */
  readonly image: string;
  readonly id?: string;
  readonly status: "OK" | "FAILED" | "MISSING";
  readonly expected: string;
  /** The checksum that it has here. */
  readonly actual?: string;
  /** The recipe that it was compared by. */
  readonly recipe?: RecipeName;
  /** Why there is none. */
  readonly code?: ErrorCode;
  readonly message?: string;
}

/** A line whose checksum is to be computed. */
interface Pending {
  readonly listed: ListedChecksum;
  readonly id: string;
  readonly recipe: RecipeName;
}

/**
 * Checks the list and prints a line for each of its own.
 * @param file its path; `-` for stdin
 * @throws `SOURCE_NOT_FOUND` for a file that is not there; `INVALID_JOB` for one without a line; `ReportedFailure` if
 * anything is not OK; as `openQueueSession`
 */
export async function checkList(context: CommandContext, file: string, options: CheckOptions): Promise<void> {
  const name = file === "-" ? "standard input" : file;
  const { listed, malformed } = readChecksumList(await readList(file));
  if (listed.length === 0) {
    throw new StevedoreError("INVALID_JOB", `${name}: no properly formatted checksum lines found`);
  }
  const graph = await openGraph(context.config.root, { host: context.config.host });
  const lines = await checkLines(context, graph, listed, options);
  const shown = options.ignoreMissing ? lines.filter(({ status }) => status !== "MISSING") : lines;
  const count = (wanted: CheckedLine["status"]) => shown.filter(({ status }) => status === wanted).length;
  const [failed, missing] = [count("FAILED"), count("MISSING")];
  const known = new Set(lines.map(({ id }) => id).filter((id) => id !== undefined));
  const unlisted = Math.max(0, (await graph.imageCount()) - known.size);
  if (!options.status) {
    context.print(
      { checked: shown, malformed, ok: count("OK"), failed, missing, unlisted },
      // As sha256sum does it, --quiet leaves out what is well.
      shown.flatMap(({ image, status }) => (context.quiet && status === "OK" ? [] : [`${image}: ${status}`])),
    );
    const isRecipeTold = options.recipe !== undefined || listed.every(({ recipe }) => recipe !== undefined);
    tellSum(context, name, shown, malformed, !isRecipeTold && shown.some(isDifferent));
    if (unlisted > 0)
      context.tell(`${plural(unlisted, "image")} of this graph ${unlisted === 1 ? "is" : "are"} not listed`);
  }
  const isNothing = shown.length === 0;
  if (isNothing && !options.status) context.warn(`${name}: no image was checked`);
  if (isNothing || failed + missing > 0 || (options.strict && malformed.length > 0)) {
    throw new ReportedFailure();
  }
}

/** @throws `SOURCE_NOT_FOUND` */
async function readList(file: string): Promise<string> {
  try {
    if (file !== "-") return await readFile(file, "utf8");
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(Buffer.from(part));
    return Buffer.concat(parts).toString();
  } catch (cause) {
    const why = isErrno(cause, "ENOENT") ? "it is not there" : (cause as Error).message;
    throw new StevedoreError("SOURCE_NOT_FOUND", `${file} cannot be read: ${why}`, { cause });
  }
}

/** In the order of the list. What the graph has stored is looked up; the rest is computed by jobs. */
async function checkLines(
  context: CommandContext,
  graph: Graph,
  listed: readonly ListedChecksum[],
  options: CheckOptions,
): Promise<CheckedLine[]> {
  const checked: CheckedLine[] = [];
  const pending: Pending[] = [];
  for (const line of listed) {
    throwIfAborted(context.signal);
    const found = await lookUp(graph, line, options);
    if ("status" in found) checked.push(found);
    else pending.push(found);
  }
  checked.push(...(await compute(context, graph, pending, options)));
  return checked.sort((one, other) => one.line - other.line);
}

/** What the graph knows of a line without reading a layer. */
async function lookUp(
  graph: Graph,
  listed: ListedChecksum,
  { recipe: asked, force }: CheckOptions,
): Promise<CheckedLine | Pending> {
  const recipe = asked ?? listed.recipe;
  let id: string | undefined;
  try {
    id = await graph.resolve(listed.reference);
    // Also of a broken image there may be a checksum: it is no longer true.
    await graph.get(id);
    if (force) return { listed, id, recipe: recipe ?? defaultRecipe };
    const stored = await graph.storedChecksums(id);
    const equal = Object.entries(stored).find(
      ([name, { checksum }]) => checksum === listed.checksum && (recipe ?? name) === name,
    );
    if (equal !== undefined) return compare(listed, id, equal[0] as RecipeName, listed.checksum);
    const by = recipe ?? defaultRecipe;
    const own = await graph.storedChecksum(id, by);
    return own === undefined ? { listed, id, recipe: by } : compare(listed, id, by, own.checksum);
  } catch (error) {
    return withoutChecksum(listed, id, error);
  }
}

async function compute(
  context: CommandContext,
  graph: Graph,
  pending: readonly Pending[],
  { force, status, ...threads }: CheckOptions,
): Promise<CheckedLine[]> {
  if (pending.length === 0) return [];
  const sizes = new Map<string, number>();
  for (const { id } of pending) sizes.set(id, (await graph.layerFacts(id, context.signal)).layerBytes);
  // The largest layers first, so that none of them is left alone at the end.
  const ordered = pending.toSorted((one, other) => (sizes.get(other.id) ?? 0) - (sizes.get(one.id) ?? 0));
  const jobs = ordered.map(
    ({ id, recipe }): NewJob<"checksum"> => ({
      name: "checksum",
      data: { id, recipe, ...(force ? { force } : {}) },
    }),
  );
  await using session = await openQueueSession(context, { work: workerOptions(threads) });
  const outcomes = await runJobs(
    session,
    jobs,
    { ...context, quiet: context.quiet || status },
    ({ data: { id } }) => ({
      label: id,
      bytes: sizes.get(id),
    }),
  );
  return ordered.map(({ listed, id, recipe }, at) => {
    const outcome = outcomes[at] as Outcome<"checksum">;
    if ("result" in outcome) return compare(listed, id, recipe, outcome.result.checksum);
    return withoutChecksum(listed, id, outcome.error);
  });
}

function compare(
  { line, reference, checksum: expected }: ListedChecksum,
  id: string,
  recipe: RecipeName,
  actual: string,
): CheckedLine {
  return {
    ...{ line, image: reference, id, status: actual === expected ? "OK" : "FAILED" },
    ...{ expected, actual, recipe },
  };
}

function withoutChecksum(
  { line, reference, checksum }: ListedChecksum,
  id: string | undefined,
  error: unknown,
): CheckedLine {
  const { code, message } = failureOf(error);
  const status = code === "IMAGE_NOT_FOUND" ? "MISSING" : "FAILED";
  const known = id === undefined ? {} : { id };
  return { line, image: reference, ...known, status, expected: checksum, code, message };
}

/** On stderr, in sha256sum's words. */
function tellSum(
  { warn, tell }: CommandContext,
  name: string,
  lines: readonly CheckedLine[],
  malformed: readonly number[],
  isRecipeGuessed: boolean,
): void {
  for (const line of malformed) warn(`${name}: ${line}: improperly formatted checksum line`);
  const unread = lines.filter(({ status, code }) => status === "FAILED" && code !== undefined);
  for (const { code, message } of unread) warn(`${code}: ${message}`);
  const differing = lines.filter(isDifferent).length;
  const missing = lines.filter(({ status }) => status === "MISSING").length;
  const sums = [
    [malformed.length, "line is improperly formatted", "lines are improperly formatted"],
    [missing, "listed image is not in this graph", "listed images are not in this graph"],
    [unread.length, "listed image could not be read", "listed images could not be read"],
    [differing, "computed checksum did NOT match", "computed checksums did NOT match"],
  ] as const;
  for (const [count, one, many] of sums) {
    if (count > 0) warn(`WARNING: ${count} ${count === 1 ? one : many}`);
  }
  if (isRecipeGuessed)
    tell(`lines of text tell no recipe: --recipe names it, if it was not ${defaultRecipe}`);
}

/** True if there is a checksum, and it is another. */
function isDifferent({ status, code }: CheckedLine): boolean {
  return status === "FAILED" && code === undefined;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
