// Leases: a process that makes images, or relies on some which nothing in the graph needs yet, says so in a file, so that
// nobody deletes them meanwhile. A lease has an owner and an expiry: whoever meets one of a process that is gone, or that
// has run out, removes it.
//
// Whether it has run out is not told by the clock on the wall, which may be set, and which two hosts set differently: but by
// the kernel's monotonic clock where the owner runs on this kernel, else by the times that the file system gives to files.
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  ioError,
  ownerOf,
  ownerStatus,
  ownName,
  readPlainFile,
  rootPath,
  runsOnThisKernel,
  type StagingPlace,
} from "../../disk/index.js";
import { isErrno, isId, StevedoreError } from "../../terms/index.js";

/** In ms. A process that is suspended for longer loses what it leased; one that runs renews it in a third of that. */
const lifetime = 10 * 60_000;

/** The content of `leases/<owner>-<random>.json`. */
interface Lease {
  /** What the images are held for, to be named to who wants one deleted: "the import of job 1f2e". */
  readonly purpose: string;
  /** The images, there or not. */
  readonly ids: readonly string[];
  /** RFC 3339: for people, and for versions that know of no other time. */
  readonly expiresAt: string;
  /** When it runs out, in ms by the monotonic clock of its owner's kernel; undefined in a lease of an older version. */
  readonly endsAt: number | undefined;
}

/** Runs work while nobody else takes a lease, or takes an image out of the graph: see `openReferences`. */
export type Locked = <T>(work: () => Promise<T>, signal?: AbortSignal | undefined) => Promise<T>;

/** A lease of this process. */
export interface HeldLease {
  /**
   * To be called under the lock, which is kept for what must not be done without the lease.
   * @throws `INTERNAL` if it has run out: to be tried again
   */
  assertHeld(): Promise<void>;
}

/** Where the leases of a root lie. */
export function leasesDirectory({ directory }: Pick<StagingPlace, "directory">): string {
  return rootPath(dirname(directory), "leases");
}

/**
 * Runs work while nobody deletes certain images. Which of them are there is to be seen by the work: one that is, stays.
 * @throws what the work throws; `CANCELLED` while the lease is waited for; `NO_SPACE`, `NEEDS_ROOT`, `INTERNAL`
 */
export async function withLease<T>(
  place: StagingPlace,
  locked: Locked,
  { purpose, ids }: Pick<Lease, "purpose" | "ids">,
  work: (lease: HeldLease) => Promise<T>,
  signal?: AbortSignal | undefined,
): Promise<T> {
  const path = join(leasesDirectory(place), `${await ownName(place.host)}.json`);
  const write = () => {
    const expiresAt = new Date(Date.now() + lifetime).toISOString();
    return writeLease(path, { purpose, ids, expiresAt, endsAt: monotonicMs() + lifetime });
  };
  const lease: HeldLease = {
    async assertHeld() {
      const endsAt = readLease(path)?.endsAt;
      if (endsAt !== undefined && endsAt > monotonicMs()) return;
      throw new StevedoreError(
        "INTERNAL",
        `the lease of ${purpose} has run out: this process was suspended for long`,
      );
    },
  };
  // LEASE
  await locked(write, signal);
  let renewed: Promise<unknown> = Promise.resolve();
  const renew = async () => {
    await lease.assertHeld();
    await write();
  };
  const timer = setInterval(() => {
    // Where it fails, the next try or the work's own look at the lease tells.
    renewed = locked(renew).catch(() => undefined);
  }, lifetime / 3).unref();
  try {
    return await work(lease);
  } finally {
    clearInterval(timer);
    await renewed;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** The leases that hold. */
export async function livingLeases(place: StagingPlace): Promise<Lease[]> {
  const living: Lease[] = [];
  for (const name of await leaseNames(place)) {
    if (!name.endsWith(".json") || (await isOfTheGone(place, name))) continue;
    const lease = readLease(join(leasesDirectory(place), name));
    if (lease !== undefined && (await isLiving(place, name, lease))) living.push(lease);
  }
  return living;
}

/** Removes the leases that do not hold any more. Under the lock: their owners look for them there. */
export async function removeDeadLeases(place: StagingPlace): Promise<void> {
  for (const name of await leaseNames(place)) {
    const path = join(leasesDirectory(place), name);
    if (await isOfTheGone(place, name)) {
      await rm(path, { force: true });
    } else if (name.endsWith(".json")) {
      const lease = readLease(path);
      if (lease === undefined || !(await isLiving(place, name, lease))) await rm(path, { force: true });
    }
  }
}

/** The names of the files in `leases/` whose process is gone. */
export async function abandonedLeases(place: StagingPlace): Promise<string[]> {
  const abandoned: string[] = [];
  for (const name of await leaseNames(place)) if (await isOfTheGone(place, name)) abandoned.push(name);
  return abandoned;
}

/** Removes the leases whose process is gone, which needs no lock: nobody renews them. */
export async function removeAbandonedLeases(place: StagingPlace): Promise<void> {
  for (const name of await abandonedLeases(place))
    await rm(join(leasesDirectory(place), name), { force: true });
}

/** Names of another form are left alone. */
async function leaseNames(place: StagingPlace): Promise<string[]> {
  const directory = leasesDirectory(place);
  try {
    return (await readdir(directory)).filter((name) => ownerOf(baseOf(name)) !== undefined);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `${directory} cannot be read`);
  }
}

async function isOfTheGone({ host }: StagingPlace, name: string): Promise<boolean> {
  const owner = ownerOf(baseOf(name));
  return owner !== undefined && (await ownerStatus(owner, host)) === "gone";
}

/** A lease is written beside its place first. */
function baseOf(name: string): string {
  return name.replace(/\.json(?:\.new)?$/, "");
}

/** Not durably: no process outlives what a power cut would take of it. */
async function writeLease(path: string, lease: Lease): Promise<void> {
  try {
    await writeFile(`${path}.new`, JSON.stringify(lease), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw ioError(error, `the lease ${path} cannot be written`);
  }
}

/** Undefined for one that is not there, or cannot be believed. */
function readLease(path: string): Lease | undefined {
  try {
    const lease = JSON.parse(readPlainFile(path)?.toString() ?? "") as Partial<Lease>;
    const { purpose, ids, expiresAt, endsAt } = lease;
    if (typeof purpose !== "string" || !Array.isArray(ids) || typeof expiresAt !== "string") return undefined;
    const end = typeof endsAt === "number" ? endsAt : undefined;
    return { purpose, ids: ids.filter(isId), expiresAt, endsAt: end };
  } catch (error) {
    if (isErrno(error, "ENOENT") || error instanceof SyntaxError || error instanceof TypeError)
      return undefined;
    throw ioError(error, `the lease ${path} cannot be read`);
  }
}

/** Whether a lease of a process that may live has not run out. @param name of its file */
async function isLiving(place: StagingPlace, name: string, lease: Lease): Promise<boolean> {
  const owner = ownerOf(baseOf(name));
  if (lease.endsAt === undefined || owner === undefined) return Date.parse(lease.expiresAt) > Date.now();
  if (await runsOnThisKernel(owner)) return lease.endsAt > monotonicMs();
  try {
    const { mtimeMs } = await stat(join(leasesDirectory(place), name));
    return mtimeMs + lifetime > (await fileSystemTime(place));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    // Who may not write here only asks: a lease is believed.
    return true;
  }
}

/** What time it is for the file system that leases lie on, in ms: of a network file system that is its server's. */
async function fileSystemTime(place: StagingPlace): Promise<number> {
  const path = join(leasesDirectory(place), `${await ownName(place.host)}.json.new`);
  await writeFile(path, "", { flag: "wx", mode: 0o600 });
  try {
    return (await stat(path)).mtimeMs;
  } finally {
    await rm(path, { force: true });
  }
}

/** The kernel's monotonic clock (CLOCK_MONOTONIC), in ms: of all processes of a boot the same, and nobody sets it. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
