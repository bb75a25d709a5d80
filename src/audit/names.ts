// The names of the images, the file `repositories`: whether it can be read, and the images are there.

import { replaceFile, rootEntries, rootPath, withLock } from "../disk/index.js";
import {
  formatRepositories,
  namesOf,
  type Repositories,
  readRepositories,
  removeNames,
} from "../graph/index.js";
import { isId, quote, StevedoreError } from "../terms/index.js";
import { type Damage, damage, moveAway } from "./finding.js";
import type { LostAndFound } from "./lost-and-found.js";
import { isThere } from "./probe.js";
import { type Survey, withMountsAtRest } from "./survey.js";

const at = rootEntries.repositories.at;
const temporary = `${at}.new`;

export async function* checkNames(survey: Survey): AsyncGenerator<Damage> {
  const { root } = survey;
  const repositories = read(root);
  if (repositories === undefined) {
    yield damage(root, "unreadable-names", {
      at,
      message: "the names of the images cannot be read",
      repair: [
        moveAway,
        (lost) => withLock(root, async () => (read(root) === undefined ? await lost.take(at) : undefined)),
      ],
    });
  } else if ((await orphansAmong(survey, repositories)).length > 0) {
    // A deletion takes the names once the image has gone: none is under way now.
    const orphans = await withMountsAtRest(survey, () => orphansNow(survey));
    if (orphans.length > 0) {
      const shown = orphans.slice(0, 10).map(([name, id]) => `${quote(name)} of ${quote(id)}`);
      const more = orphans.length > 10 ? ` and ${orphans.length - 10} more` : "";
      yield damage(root, "orphaned-names", {
        at,
        message: `there are names of images that are not in the graph: ${shown.join(", ")}${more}`,
        repair: ["take them away, the old file to lost+found", (lost) => removeOrphans(survey, lost)],
      });
    }
  }
  yield* checkTemporary(root);
}

/** `repositories.new` is written under the root's lock and renamed before that is let go. */
async function* checkTemporary(root: string): AsyncGenerator<Damage> {
  const path = `${rootPath(root, "repositories")}.new`;
  if (!isThere(path) || !(await withLock(root, async () => isThere(path)))) return;
  yield damage(root, "stray-file", {
    at: temporary,
    message: "names that were never written to their end",
    repair: [moveAway, (lost) => withLock(root, () => lost.take(temporary))],
  });
}

async function removeOrphans(survey: Survey, lost: LostAndFound): Promise<string | undefined> {
  const { root } = survey;
  return withLock(root, async () => {
    const repositories = read(root);
    if (repositories === undefined) return undefined;
    const orphans = await orphansAmong(survey, repositories);
    if (orphans.length === 0) return undefined;
    const copy = await lost.keepCopy(at);
    // What a process died over would be written over.
    await lost.take(temporary);
    removeNames(repositories, new Set(orphans.map(([name]) => name)));
    await replaceFile(rootPath(root, "repositories"), formatRepositories(repositories));
    return `taken away; the old file: kept as ${copy}`;
  });
}

async function orphansNow(survey: Survey): Promise<(readonly [string, string])[]> {
  const repositories = read(survey.root);
  return repositories === undefined ? [] : orphansAmong(survey, repositories);
}

/** The names whose image is not there, be it whole or broken. */
async function orphansAmong(
  { graph }: Survey,
  repositories: Repositories,
): Promise<(readonly [string, string])[]> {
  const orphans: (readonly [string, string])[] = [];
  for (const [name, id] of namesOf(repositories)) {
    if (!isId(id) || !(await graph.exists(id))) orphans.push([name, id]);
  }
  return orphans;
}

/** Undefined for a file that is damaged. */
function read(root: string): Repositories | undefined {
  try {
    return readRepositories(rootPath(root, "repositories"));
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_BROKEN") return undefined;
    throw error;
  }
}
