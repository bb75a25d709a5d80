// Which process of which host a staging directory belongs to, so that another can tell whether it still lives.
import { readFile, readlink } from "node:fs/promises";
import { isErrno } from "../terms/index.js";

/** A process, distinct from every other process that had or will have its number. */
export interface Owner {
  /** The host, by the name it goes by; undefined where a version wrote it that knew of one host only. */
  readonly host?: string | undefined;
  /** The boot it lives in: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string;
  /** The inode of its pid namespace: a container numbers its processes anew. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat, proc(5). */
  readonly startTime: string;
}

/**
 * What became of an owner. `unseen`: it is of another pid namespace, such as a container's that shares the root;
 * `elsewhere`: it is of another host. The processes of neither can be seen from here, so they are respected as if they
 * lived.
 */
export type OwnerStatus = "lives" | "gone" | "unseen" | "elsewhere";

const ownerPattern =
  /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]+)\.([0-9]+)\.([0-9]+)(?:\.([A-Za-z0-9][A-Za-z0-9_.-]{0,63}))?$/;

/** This process. @param host the name this host goes by */
export async function currentOwner(host?: string): Promise<Owner> {
  const [{ bootId, pidNamespace }, stat] = await Promise.all([whereWeLive(), readStat(process.pid)]);
  if (stat === undefined) throw new Error("/proc does not know this process");
  return { ...named(host), bootId, pidNamespace, pid: process.pid, startTime: stat.startTime };
}

/** The owner as the beginning of a file name: `<boot id>.<pid namespace>.<pid>.<start time>[.<host>]`. */
export function formatOwner({ host, bootId, pidNamespace, pid, startTime }: Owner): string {
  return `${bootId}.${pidNamespace}.${pid}.${startTime}${host === undefined ? "" : `.${host}`}`;
}

/** Reads what `formatOwner` wrote; undefined for anything else. */
export function parseOwner(text: string): Owner | undefined {
  const [, bootId, pidNamespace, pid, startTime, host] = ownerPattern.exec(text) ?? [];
  if (bootId === undefined || pidNamespace === undefined || pid === undefined || startTime === undefined) {
    return undefined;
  }
  return { ...named(host), bootId, pidNamespace, pid: Number(pid), startTime };
}

/**
 * What became of an owner, seen from a host. An owner of this boot is gone when its process has ended; in another pid
 * namespace the process cannot be seen. An owner of another boot is gone if it names this host, which was rebooted or
 * replaced since, or names none; otherwise it is elsewhere.
 * @param host the name this host goes by
 */
export async function ownerStatus(owner: Owner, host: string): Promise<OwnerStatus> {
  const here = await whereWeLive();
  if (owner.bootId !== here.bootId) {
    return owner.host === undefined || owner.host === host ? "gone" : "elsewhere";
  }
  if (owner.pidNamespace !== here.pidNamespace) return "unseen";
  const stat = await readStat(owner.pid);
  return stat === undefined || stat.startTime !== owner.startTime || stat.ended ? "gone" : "lives";
}

/** True if a process is, or was, of this boot of this kernel: perhaps in a container, which has its processes to itself. */
export async function runsOnThisKernel({ bootId }: Owner): Promise<boolean> {
  return bootId === (await whereWeLive()).bootId;
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

function named(host: string | undefined): Pick<Owner, "host"> {
  return host === undefined ? {} : { host };
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
