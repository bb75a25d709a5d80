// Which process a staging directory belongs to, so that another can tell whether it still lives.
import { readFile, readlink } from "node:fs/promises";
import { isErrno } from "../error.js";

/** A process, told apart from every other one that had or will have its number. */
export interface Owner {
  /** The boot it lives in: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The inode of its pid namespace: a container numbers its processes anew. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat, proc(5). */
  readonly startTime: string;
}

const ownerPattern = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]+)\.([0-9]+)\.([0-9]+)$/;

/** This process. */
export async function currentOwner(): Promise<Owner> {
  const [{ bootId, pidNamespace }, stat] = await Promise.all([whereWeLive(), readStat(process.pid)]);
  if (stat === undefined) throw new Error("/proc does not know this process");
  return { bootId, pidNamespace, pid: process.pid, startTime: stat.startTime };
}

/** The owner as the beginning of a file name: `<boot id>.<pid namespace>.<pid>.<start time>`. */
export function formatOwner({ bootId, pidNamespace, pid, startTime }: Owner): string {
  return `${bootId}.${pidNamespace}.${pid}.${startTime}`;
}

/** Reads what `formatOwner` wrote; undefined for anything else. */
export function parseOwner(text: string): Owner | undefined {
  const [, bootId, pidNamespace, pid, startTime] = ownerPattern.exec(text) ?? [];
  if (bootId === undefined || pidNamespace === undefined || pid === undefined || startTime === undefined) {
    return undefined;
  }
  return { bootId, pidNamespace, pid: Number(pid), startTime };
}

/**
 * True if the process has ended. One in another pid namespace of this boot (a container that shares the root)
 * cannot be seen from here, so it is taken to live.
 */
export async function isGone(owner: Owner): Promise<boolean> {
  const here = await whereWeLive();
  if (owner.bootId !== here.bootId) return true;
  if (owner.pidNamespace !== here.pidNamespace) return false;
  const stat = await readStat(owner.pid);
  return stat === undefined || stat.startTime !== owner.startTime || stat.ended;
}

/**
 * Reads the content of a /proc/PID/stat: whether the process has ended and only waits for its parent to notice,
 * and its start time. The second field, the command's name in parentheses, may hold spaces and parentheses of
 * its own, so the fields are counted from the last one.
 */
export function parseStat(text: string): { ended: boolean; startTime: string } | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields[0], fields[22 - 3]];
  if (state === undefined || startTime === undefined) return undefined;
  return { ended: state === "Z" || state === "X", startTime };
}

async function whereWeLive(): Promise<{ bootId: string; pidNamespace: string }> {
  const [bootId, namespace] = await Promise.all([
    readFile("/proc/sys/kernel/random/boot_id", "latin1"),
    readlink("/proc/self/ns/pid"),
  ]);
  return { bootId: bootId.trim(), pidNamespace: namespace.replaceAll(/[^0-9]/g, "") };
}

async function readStat(pid: number): Promise<{ ended: boolean; startTime: string } | undefined> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, "latin1"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}
