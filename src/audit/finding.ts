// What the audit finds: damage, and what can be done about it.
import { join } from "node:path";
import { readablePath } from "../layer/index.js";
import type { ErrorCode, StevedoreError } from "../terms/index.js";
import { type DamageKind, damageKinds } from "./kinds.js";
import type { LostAndFound } from "./lost-and-found.js";

/** Something that is not as it should be. */
export interface Finding {
  /** The error that those get who run into it. */
  readonly code: ErrorCode;
  readonly what: DamageKind;
  /** Absolute; read as UTF-8. */
  readonly path: string;
  /** The image or mount it is about, where it is about one. */
  readonly id?: string;
  readonly message: string;
  /** What a repair does or has done; null where that is not for a program to decide. */
  readonly repair: string | null;
  /** Whether it was repaired; undefined where that was not asked for. */
  readonly repaired?: boolean;
}

/** A finding with the repair itself. */
export interface Damage extends Omit<Finding, "repaired"> {
  readonly applyRepair?: Repair | undefined;
}

/**
 * Repairs, by renames only, and says what it did. First it looks again, under the locks of those who write there:
 * undefined if there is nothing to repair any more.
 */
export type Repair = (lost: LostAndFound) => Promise<string | undefined>;

/** What a check says of damage. */
interface Description {
  /** Relative to the root, a latin1 string of its bytes. */
  readonly at: string;
  readonly id?: string | undefined;
  readonly message: string;
  /** What the repair does, and how; undefined for damage that is only reported. */
  readonly repair?: readonly [does: string, apply: Repair] | undefined;
}

/** Puts a finding together. */
export function damage(root: string, what: DamageKind, { at, id, message, repair }: Description): Damage {
  return {
    code: damageKinds[what],
    what,
    path: join(root, readablePath(at)),
    ...(id === undefined ? {} : { id }),
    message,
    repair: repair?.[0] ?? null,
    applyRepair: repair?.[1],
  };
}

/** What is told of damage. */
export function asFinding({ applyRepair, ...finding }: Damage): Finding {
  return finding;
}

/** The finding for something that cannot be read. @param at `""` for the root itself */
export function notLookedAt(
  root: string,
  at: string,
  { code, message }: StevedoreError,
  id?: string,
): Damage {
  return { ...damage(root, "not-looked-at", { at, id, message }), code };
}

/** The repair of most kinds. */
export const moveAway = "move it to lost+found";
