// What entries promise of kind, mode, owner and time. A file system keeps these for all files or for none of a sort, so that
// a few entries stand for all: for each kind and mode one, for each owner one, and of times the first, the last and the
// finest. Memory is flat.
import type { Ownership } from "../extraction-options.js";
import { readNumber, type WalkedEntry } from "../tar/index.js";
import type { PlacedEntry } from "./promises.js";

/** What an entry must be on the disk. What is undefined is not promised. */
export interface StatPromise {
  readonly path: string;
  readonly kind: Exclude<WalkedEntry["entry"]["kind"], "hardlink">;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mtimeNs: bigint | undefined;
}

const kinds: readonly StatPromise["kind"][] = ["file", "directory", "symlink", "device", "fifo"];
/** Entries that stand for others, by what they have in common. */
type Stands = Map<string | number, StatPromise>;
/** Lets the present entry stand for all that have `key` in common. */
type Stand = (map: Stands, key: string | number) => void;

/** How many owners have an entry that stands for them; beyond, the greatest number does. */
const mostOwners = 64;
const largestId = 0xffff_ffff;
const billion = 1_000_000_000n;
/** Divisors of a time in ns: file systems round to 2 s, 1 s, 1 µs or 100 ns. */
const grains = [2n * billion, billion, 1_000n, 100n];

/** Promises of kind, mode, owner and time. */
export function createStatPromises(ownership: Ownership) {
  const modes: Stands = new Map();
  const owners: Stands = new Map();
  const times: Stands = new Map();
  const all = [modes, owners, times];
  /** The paths of entries that stand for others. */
  const paths = new Set<string>();

  /** An entry that is replaced stands for nothing any more. */
  function forget(path: string): void {
    if (!paths.delete(path)) return;
    for (const map of all) for (const [key, promise] of map) if (promise.path === path) map.delete(key);
  }

  function take(walked: WalkedEntry, { name, isHeld }: PlacedEntry): void {
    const { kind } = walked.entry;
    forget(name);
    if (kind === "hardlink" || (isHeld && kind === "file")) return;
    const mode = kind === "symlink" ? undefined : readNumber(walked.block, 100, 8);
    const fields = readFields(walked);
    const isOwned = ownership === "kept";
    const uid = isOwned ? ownerOf(fields.uid, walked.block, 108) : undefined;
    const gid = isOwned ? ownerOf(fields.gid, walked.block, 116) : undefined;
    const mtime = fields.mtime ?? readNumber(walked.block, 136);
    let made: StatPromise | undefined;
    const stand: Stand = (map, key) => {
      made ??= {
        path: name,
        kind,
        mode: mode === undefined ? undefined : mode & 0o7777,
        uid,
        gid,
        mtimeNs: nanoseconds(mtime),
      };
      map.set(key, made);
      paths.add(name);
    };
    const modeKey = kinds.indexOf(kind) * 0o10000 + ((mode ?? 0) & 0o7777);
    if (!modes.has(modeKey)) stand(modes, modeKey);
    standForOwner("uid", uid, stand);
    standForOwner("gid", gid, stand);
    standForTime(mtime, stand);
  }

  function standForOwner(field: "uid" | "gid", id: number | undefined, stand: Stand): void {
    if (id === undefined) return;
    const key = `${field} ${id}`;
    if (owners.size < mostOwners && !owners.has(key)) stand(owners, key);
    const greatest = owners.get(`greatest ${field}`)?.[field];
    if (greatest === undefined || id > greatest) stand(owners, `greatest ${field}`);
  }

  function standForTime(mtime: number | string | undefined, stand: Stand): void {
    const first = times.get("first")?.mtimeNs;
    const last = times.get("last")?.mtimeNs;
    if (typeof mtime === "number") {
      // Most times are whole seconds between two that are known.
      const odd = mtime % 2 === 1;
      if (odd && !times.has("0")) stand(times, "0");
      if (first === undefined || mtime < Number(first) / 1e9) stand(times, "first");
      if (last === undefined || mtime > Number(last) / 1e9) stand(times, "last");
      return;
    }
    const ns = nanoseconds(mtime);
    if (ns === undefined) return;
    for (const [at, grain] of grains.entries())
      if (ns % grain !== 0n && !times.has(`${at}`)) stand(times, `${at}`);
    if (first === undefined || ns < first) stand(times, "first");
    if (last === undefined || ns > last) stand(times, "last");
  }

  return {
    take,
    all: () => new Set(all.flatMap((map) => [...map.values()])),
  };
}

/** The records of pax that override fields of the header. */
function readFields({ globals, extended }: WalkedEntry): { uid?: string; gid?: string; mtime?: string } {
  const fields: { uid?: string; gid?: string; mtime?: string } = {};
  for (const records of [globals, extended.records]) {
    for (const { keyword, value } of records) {
      if (keyword === "uid" || keyword === "gid" || keyword === "mtime")
        fields[keyword] = value.toString("latin1");
    }
  }
  return fields;
}

function ownerOf(record: string | undefined, block: Buffer, at: number): number | undefined {
  const id =
    record === undefined
      ? readNumber(block, at, 8)
      : /^[0-9]{1,10}$/.test(record)
        ? Number(record)
        : undefined;
  return id !== undefined && id <= largestId ? id : undefined;
}

/** A time of a header or a record in ns; undefined for one that is not valid. Further digits are cut off towards the past, as by tar. */
function nanoseconds(time: number | string | undefined): bigint | undefined {
  if (typeof time === "number") return BigInt(time) * billion;
  const [, sign, whole, fraction = ""] = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(time ?? "") ?? [];
  if (whole === undefined) return undefined;
  const ns = BigInt(whole) * billion + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return ns;
  return /[1-9]/.test(fraction.slice(9)) ? -ns - 1n : -ns;
}
