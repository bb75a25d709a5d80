// Docker 0.3's dictionary, the file `checksums`: whether it can be read, and says what the images' own files say.
import { join } from "node:path";
import { replaceFile, rootEntries, rootPath, withLock } from "../disk/index.js";
import {
  bringUpToDate,
  type KnownChecksum,
  knownDockerChecksum,
  readDictionary,
  readPending,
} from "../graph/index.js";
import { shortId } from "../terms/index.js";
import { type Damage, damage, moveAway, type Repair } from "./finding.js";
import type { LostAndFound } from "./lost-and-found.js";
import { assertNoLink, isDirectory, isOld, isThere, lookAt } from "./probe.js";
import type { Survey } from "./survey.js";

const at = rootEntries.checksums.at;
const pendingAt = rootEntries.pendingChecksums.at;
const writeAnew = "write it anew from the images' own checksums, the old one to lost+found";

/** More than a million images have, in bytes: to be read it must fit into memory. */
const longest = 256 * 1024 * 1024;

export async function* checkDictionary(survey: Survey): AsyncGenerator<Damage> {
  const { root, dockerChecksums } = survey;
  const pendingDirectory = rootPath(root, "pendingChecksums");
  if (isThere(pendingDirectory) && !isDirectory(pendingDirectory)) {
    yield damage(root, "stray-file", {
      at: pendingAt,
      message: "it is in the place of the directory of what the dictionary still lacks",
      repair: [moveAway, (lost) => withLock(root, () => lost.take(pendingAt))],
    });
    return;
  }
  const { entries, isDamaged } = await read(root);
  if (isDamaged) {
    yield damage(root, "unreadable-dictionary", {
      at,
      message: "Docker's dictionary of checksums cannot be read",
      repair: [writeAnew, rewrite(survey, [...dockerChecksums.keys()])],
    });
  } else {
    const suspects = [...dockerChecksums].filter(([id, checksum]) => entries.get(id) !== checksum);
    const wrong = await confirm(
      survey,
      suspects.map(([id]) => id),
    );
    if (wrong.length > 0) {
      const shown = wrong.slice(0, 10).map(shortId).join(", ");
      const more = wrong.length > 10 ? ` and ${wrong.length - 10} more` : "";
      yield damage(root, "dictionary-disagrees", {
        at,
        ...(wrong.length === 1 ? { id: wrong[0] } : {}),
        message: `Docker's dictionary says something else than checksum.json of ${shown}${more}`,
        repair: [writeAnew, rewrite(survey, wrong)],
      });
    }
  }
  const marks = await readPending(pendingDirectory);
  if (marks.some((id) => isOld(join(pendingDirectory, id)))) {
    yield damage(root, "unfinished-dictionary", {
      at: pendingAt,
      message: `${marks.length} changes never reached Docker's dictionary: their process died`,
      repair: [writeAnew, finish(survey)],
    });
  }
  yield* checkTemporary(root);
}

/** `checksums.new` is written under the root's lock and renamed before that is let go. */
async function* checkTemporary(root: string): AsyncGenerator<Damage> {
  const temporary = `${at}.new`;
  const path = join(root, temporary);
  if (!isThere(path) || !(await withLock(root, async () => isThere(path)))) return;
  yield damage(root, "stray-file", {
    at: temporary,
    message: "a dictionary that was never written to its end",
    repair: [moveAway, (lost) => withLock(root, () => lost.take(temporary))],
  });
}

/** Those of which the two still disagree when nobody is about to write the one or the other. */
async function confirm({ graph, root }: Survey, suspects: readonly string[]): Promise<string[]> {
  if (suspects.length === 0) return [];
  return withLock(root, async () => {
    const pending = new Set(await readPending(rootPath(root, "pendingChecksums")));
    const { entries } = await read(root);
    const wrong: string[] = [];
    for (const id of suspects) {
      const truth = await knownDockerChecksum(graph.directory, id);
      if (typeof truth !== "string" && truth.checksum !== entries.get(id) && !pending.has(id)) wrong.push(id);
    }
    return wrong;
  });
}

function rewrite(survey: Survey, ids: readonly string[]): Repair {
  return (lost) => withLock(survey.root, () => write(survey, ids, lost));
}

/** Writes what is pending, as the dead process would have done, and takes its marks. */
function finish(survey: Survey): Repair {
  const { root } = survey;
  return (lost) =>
    withLock(root, async () => {
      const marks = await readPending(rootPath(root, "pendingChecksums"));
      const written = await write(survey, marks, lost);
      const moved = await lost.take(pendingAt);
      return written ?? moved;
    });
}

/** Under the root's lock. Entries of images that are not named stay as they are. */
async function write(
  { graph, root }: Survey,
  ids: readonly string[],
  lost: LostAndFound,
): Promise<string | undefined> {
  const path = rootPath(root, "checksums");
  const { entries, isDamaged } = await read(root);
  const known = (id: string): Promise<KnownChecksum> => knownDockerChecksum(graph.directory, id);
  const isChanged = await bringUpToDate(entries, ids, known);
  if (!isChanged && !isDamaged) return undefined;
  const moved = isDamaged ? await lost.take(at) : undefined;
  const copy = moved === undefined && isThere(path) ? await lost.keepCopy(at) : undefined;
  if (!isChanged) return moved;
  // What a process died over would be written over.
  await lost.take(`${at}.new`);
  await replaceFile(path, JSON.stringify(Object.fromEntries(entries)));
  const old = moved ?? (copy === undefined ? "there was none" : `kept as ${copy}`);
  return `written anew from the images' own checksums; the old one: ${old}`;
}

async function read(root: string): Promise<{ entries: Map<string, unknown>; isDamaged: boolean }> {
  const path = rootPath(root, "checksums");
  assertNoLink(path);
  const found = lookAt(path);
  if (found !== undefined && (!found.isFile() || found.size > longest)) {
    return { entries: new Map(), isDamaged: true };
  }
  const { entries, damaged } = await readDictionary(path);
  return { entries, isDamaged: damaged };
}
