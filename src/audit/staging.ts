// What processes that died had begun: staging of images and mounts that were being made or unmade, imports that were
// decided, leases, and blocks of checksums.
import { basename, join } from "node:path";
import { rootEntries, rootPath, stagingLeft } from "../disk/index.js";
import { abandonedLeases, findJournals, journalPath, kindOfBlockFile, readJournal } from "../graph/index.js";
import { joinPath } from "../layer/index.js";
import { quote } from "../terms/index.js";
import { damage, moveAway, type Repair } from "./finding.js";
import { isDirectory, isOld, isThere, lookAt, namesIn } from "./probe.js";
import { elsewhereOf, type Survey } from "./survey.js";

/** Names of another form, such as Docker's own, are left alone: somebody may use them. */
export async function* checkStaging(survey: Survey) {
  const { graph, root } = survey;
  // A link is reported with the images.
  if (!isDirectory(graph.directory)) return;
  const directory = rootPath(root, "staging");
  const { at } = rootEntries.staging;
  if (isThere(directory) && !isDirectory(directory)) {
    const message = `${directory} is not a directory: nothing can be stored`;
    yield damage(root, "stray-entry", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    return;
  }
  const { abandoned, elsewhere } = await stagingLeft(graph);
  for (const [host, names] of elsewhere) elsewhereOf(survey, host).staging += names.length;
  for (const name of abandoned) {
    const path = `${at}/${name}`;
    // Done and gone with its process since the names were read.
    if (!isThere(joinPath(Buffer.from(root), path))) continue;
    yield damage(root, "abandoned-staging", {
      at: path,
      message: "staging of a process that is gone",
      // An owner that is gone stays so. A worker that starts may be faster.
      repair: [moveAway, (lost) => lost.take(path)],
    });
  }
}

/** Reports imports that could not be completed when the graph was opened. */
export async function* checkImports({ graph, root }: Survey) {
  for (const { stage, status } of await findJournals(graph)) {
    // Their processes, or their hosts, may be about to complete them.
    if (status === "lives" || status === "elsewhere") continue;
    const at = join(rootEntries.staging.at, basename(stage));
    const journalAt = journalPath(at);
    let what = "is not complete: whoever opens the graph and may write to it completes it";
    let isDamaged = false;
    try {
      if (readJournal(stage) === undefined) continue;
    } catch (error) {
      what = `cannot be completed: ${(error as Error).message}`;
      isDamaged = true;
    }
    const giveUp: Repair = async (lost) => {
      const moved = await lost.take(journalAt);
      // Then its images are staging as any other.
      await lost.take(at);
      return moved;
    };
    yield damage(root, "unfinished-import", {
      at: journalAt,
      message: `an import of a process that is gone ${what}`,
      ...(isDamaged ? { repair: [moveAway, giveUp] } : {}),
    });
  }
}

/** Reports leases of dead processes. They hold nothing any more, and the next import or deletion removes them. */
export async function* checkLeases({ graph, root }: Survey) {
  for (const name of await abandonedLeases(graph)) {
    const at = join(rootEntries.leases.at, name);
    yield damage(root, "abandoned-lease", {
      at,
      message: "a lease of a process that is gone",
      repair: [moveAway, (lost) => lost.take(at)],
    });
  }
}

/**
 * Reports what cannot lie in `blocks/`. Blocks are not read: a damaged one is made again when it is needed, and what
 * processes that died have left there is taken over or collected.
 */
export async function* checkBlocks({ root }: Survey) {
  const directory = rootPath(root, "blocks");
  const { at: place } = rootEntries.blocks;
  if (!isThere(directory)) return;
  if (!isDirectory(directory)) {
    const message = `${directory} is not a directory: checksums that are ended begin anew`;
    yield damage(root, "stray-file", { at: place, message, repair: [moveAway, (lost) => lost.take(place)] });
    return;
  }
  for (const name of namesIn(directory)) {
    const why = faultOf(directory, name);
    if (why === undefined) continue;
    const at = `${place}/${name}`;
    const message = `${quote(name)} ${why}`;
    yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
  }
}

function faultOf(directory: string, name: string): string | undefined {
  const path = join(directory, name);
  const kind = kindOfBlockFile(name);
  if (kind === undefined) return isOld(path) ? "is no block" : undefined;
  const found = lookAt(path);
  if (found === undefined) return undefined;
  if (kind === "claim") return found.isSymbolicLink() ? undefined : "is in the place of a claim";
  return found.isFile() ? undefined : "is not a file";
}
