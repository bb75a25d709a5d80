// The audit: looks for every kind of damage in a graph, and repairs what is safe to repair.

import { ioError } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { StevedoreError, throwIfAborted } from "../terms/index.js";
import { checkAncestry } from "./ancestry.js";
import { checkBrokenImages } from "./broken-images.js";
import { checkDictionary } from "./dictionary.js";
import { asFinding, type Damage, type Finding, notLookedAt } from "./finding.js";
import { checkGraphId } from "./graph-id.js";
import { checkImages } from "./images.js";
import { type LostAndFound, openLostAndFound } from "./lost-and-found.js";
import { checkMounts } from "./mounts.js";
import { checkNames } from "./names.js";
import { checkAside } from "./set-aside.js";
import { checkBlocks, checkImports, checkLeases, checkStaging } from "./staging.js";
import { beginSurvey, type Check, type Elsewhere } from "./survey.js";
import { checkViewNotes } from "./view-notes.js";
import { checkViews } from "./views.js";

/** In the order in which they are made: later ones use what earlier ones have learnt of the images. */
const checks: readonly Check[] = [
  checkGraphId,
  checkStaging,
  checkImports,
  checkLeases,
  checkBlocks,
  checkImages,
  checkBrokenImages,
  checkAncestry,
  checkDictionary,
  checkNames,
  checkViews,
  checkViewNotes,
  checkMounts,
  checkAside,
];

interface AuditOptions {
  /** Repairs what is safe to repair; without it nothing is written at all. Default false. */
  readonly repair?: boolean | undefined;
}

/** What an audit examined. */
interface Audited {
  readonly images: number;
  /** What other hosts have in the root, which was left alone, in the order of their names. */
  readonly elsewhere: readonly (Readonly<Elsewhere> & { readonly host: string })[];
}

/**
 * Yields what is wrong with a graph as it is found, and returns what was examined. The records of all
 * images are read once; of each only its id and its parent are kept.
 *
 * With `repair`, what was found is moved to `<root>/lost+found` or written anew, before it is yielded. That may be
 * interrupted at any point and repeated, and another process may serve the root meanwhile.
 * @throws `CANCELLED`. What cannot be read or repaired is a finding.
 */
export async function* auditGraph(
  graph: Graph,
  { repair = false }: AuditOptions = {},
  signal?: AbortSignal | undefined,
): AsyncGenerator<Finding, Audited, undefined> {
  const { root } = graph;
  const survey = beginSurvey(graph);
  const lost = openLostAndFound(root);
  let unsynced: unknown;
  try {
    for (const check of checks) {
      for await (const found of unlessItFails(check(survey, signal), root)) {
        throwIfAborted(signal);
        const finding = repair ? await repaired(found, lost) : asFinding(found);
        if (finding !== undefined) yield finding;
      }
      throwIfAborted(signal);
    }
  } finally {
    unsynced = await lost.close().catch((error: unknown) => error);
  }
  if (unsynced !== undefined)
    yield asFinding(failure(unsynced, root, "what was moved may not be on the disk yet"));
  const elsewhere = [...survey.elsewhere].map(([host, counted]) => ({ host, ...counted }));
  return { images: survey.met, elsewhere: elsewhere.sort((one, other) => (one.host < other.host ? -1 : 1)) };
}

/** Repairs damage; undefined if it has gone meanwhile. */
async function repaired(found: Damage, lost: LostAndFound): Promise<Finding | undefined> {
  const finding = asFinding(found);
  if (found.applyRepair === undefined) return { ...finding, repaired: false };
  try {
    const done = await found.applyRepair(lost);
    return done === undefined ? undefined : { ...finding, repair: done, repaired: true };
  } catch (error) {
    const why = ioError(error, "it cannot be repaired");
    if (!(why instanceof StevedoreError)) throw error;
    return { ...finding, message: `${finding.message}; ${why.message}`, repaired: false };
  }
}

/** A check that fails is a finding too, and the other checks still run. */
async function* unlessItFails(found: AsyncIterable<Damage>, root: string): AsyncGenerator<Damage> {
  try {
    yield* found;
  } catch (error) {
    yield failure(error, root, "the root cannot be looked over to the end");
  }
}

/** The finding for an error of the disk. Throws every other error, and `CANCELLED`. */
function failure(error: unknown, root: string, what: string): Damage {
  const why = ioError(error, what);
  if (!(why instanceof StevedoreError) || why.code === "CANCELLED") throw error;
  return notLookedAt(root, "", why);
}
