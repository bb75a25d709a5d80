// Mends the fields of a job's record that BullMQ cannot read, and says what is wrong with them. Another client, an operator
// or an eviction may have left anything there.
import { onOneLine } from "../../terms/index.js";

/** The fields of a job's hash, as BullMQ names them. */
export type RecordFields = Readonly<Record<string, string>>;

interface MendedFields {
  /** Fields that BullMQ can read. */
  readonly fields: Record<string, string>;
  /** What is wrong, for people; undefined for a sound record. */
  readonly problem: string | undefined;
  /** True if the job cannot be run: its last result may be unreadable, and the job still be sound. */
  readonly isPoison: boolean;
  /** True if BullMQ's scripts cannot end the job. */
  readonly breaksScripts: boolean;
}

/** Fields that scripts count up, so that they must be whole numbers: tries, starts, lost workers. */
export const counterFields = ["atm", "ats", "stc"] as const;

const numberFields = ["delay", "priority", "finishedOn", "processedOn", "attemptsMade"] as const;

/** The fields that decide on whether a job can be run. */
export const poisonFields = [
  "name",
  "timestamp",
  "opts",
  "data",
  "parent",
  ...counterFields,
  ...numberFields,
];

/**
 * Returns fields that BullMQ can read. The name is bounded and on one line; data that is not JSON becomes a text of it.
 * A record that has neither name nor time of creation is gone: what it has was written by a worker that took it up.
 */
export function mendFields(raw: RecordFields): MendedFields {
  const fields: Record<string, string> = { ...raw, name: onOneLine(raw.name ?? "") };
  const poisons: string[] = [];
  const faults: string[] = [];
  let breaksScripts = false;
  const isGone = raw.name === undefined && raw.timestamp === undefined;
  if (isGone) poisons.push("it was deleted, or evicted from Redis");
  else if (!isNumber(raw.timestamp)) poisons.push("its timestamp is not a number");
  if (!isNumber(raw.timestamp)) {
    fields.timestamp = [raw.processedOn, raw.finishedOn].find((time) => isNumber(time)) ?? "0";
  }
  if (!isObject(raw.opts)) {
    fields.opts = "{}";
    poisons.push("its opts are not a JSON object");
  }
  if (!isJson(raw.data)) {
    fields.data = JSON.stringify(onOneLine(raw.data ?? ""));
    poisons.push("its data is not JSON");
  }
  if (!isObject(raw.parent)) {
    delete fields.parent;
    breaksScripts = true;
    poisons.push("its parent is not a JSON object");
  }
  for (const name of counterFields) {
    if (raw[name] === undefined || /^-?\d{1,18}$/.test(raw[name])) continue;
    delete fields[name];
    breaksScripts = true;
    poisons.push(`its ${name} is not a whole number`);
  }
  for (const name of numberFields) {
    if (raw[name] === undefined || isNumber(raw[name])) continue;
    delete fields[name];
    poisons.push(`its ${name} is not a number`);
  }
  if (!isJson(raw.progress)) {
    delete fields.progress;
    faults.push("its progress is not JSON");
  }
  for (const name of ["returnvalue", "stacktrace"]) {
    if (isJson(raw[name])) continue;
    delete fields[name];
    faults.push(`its ${name} is not JSON`);
  }
  const isPoison = poisons.length > 0;
  // A schedule's next run is made of this one, which is not to be repeated.
  if (isPoison) delete fields.rjk;
  const all = [...poisons, ...faults];
  const problem = all.length === 0 ? undefined : describe(isGone ? "gone" : "unreadable", all);
  return { fields, problem, isPoison, breaksScripts };
}

/** Fields that are numbers, whole ones among them. */
const numbers: ReadonlySet<string> = new Set(["timestamp", ...counterFields, ...numberFields]);

/**
 * True for the record of most jobs, in which `mendFields` would mend nothing: told by one look at each field, and without a
 * copy. False tells nothing.
 * @param flat names and values by turns, as a script returns a hash
 */
export function isPlainlySound(flat: readonly string[]): boolean {
  let needed = 0;
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at];
    const value = flat[at + 1] ?? "";
    if (name === "name" || name === "timestamp") needed += 1;
    if (name === "name") {
      if (!/^[\w.:-]{1,100}$/.test(value)) return false;
    } else if (name === "opts" || name === "parent") {
      if (!isObject(value)) return false;
    } else if (name === "data") {
      if (!isJson(value)) return false;
    } else if (name !== undefined && numbers.has(name)) {
      if (!/^\d{1,15}$/.test(value)) return false;
    } else if (name === "progress" || name === "returnvalue" || name === "stacktrace") return false;
  }
  return needed === 2;
}

function describe(what: "gone" | "unreadable", problems: readonly string[]): string {
  return `the job's record is ${what}: ${problems.join(", ")}`;
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== "" && Number.isFinite(Number(text));
}

/** BullMQ takes what is missing or empty for its default. */
export function isJson(text: string | undefined): boolean {
  return text === undefined || text === "" || readJson(text) !== undefined;
}

function isObject(text: string | undefined): boolean {
  if (text === undefined || text === "") return true;
  const value = readJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
