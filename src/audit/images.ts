// The one pass over all images: loads each, looks at what lies in its directory, and notes what later checks need.
import { existsSync } from "node:fs";
import { createYielder, namesWithin } from "../disk/index.js";
import { imagePaths, loadImage, readParent } from "../graph/index.js";
import { isId, quote, StevedoreError } from "../terms/index.js";
import { readBreakage } from "./broken-images.js";
import { type Damage, damage, moveAway, notLookedAt } from "./finding.js";
import { checkImageFiles, readFacts } from "./image-files.js";
import { checkImportedImage } from "./imported-images.js";
import { lookAt, namesIn } from "./probe.js";
import { imageAt, type Survey } from "./survey.js";

/** Fills the survey. Images that cannot be loaded are reported later, when all images are known. */
export async function* checkImages(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { graph, root, parents, broken, unread } = survey;
  const turn = createYielder(signal);
  const own = namesWithin("graph");
  for (const name of namesIn(graph.directory)) {
    await turn();
    if (isId(name)) yield* checkImage(survey, name);
    else if (!own.includes(name)) {
      const at = imageAt(name);
      const message = `the name ${quote(name)} in the graph is not a valid image id`;
      yield damage(root, "stray-entry", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
  survey.met = parents.size + broken.size + unread.size;
}

/** Looks at one image, and notes in the survey whether it can be loaded. */
export async function* checkImage(survey: Survey, id: string): AsyncGenerator<Damage> {
  const { graph, root, parents, broken, unread } = survey;
  const at = imageAt(id);
  try {
    if (leadsElsewhere(imagePaths(graph.directory, id).directory)) {
      unread.set(id, undefined);
      const message = `the image ${id} is a link: what it leads to is not looked at`;
      yield damage(root, "image-not-a-directory", { at, id, message });
      return;
    }
    const image = loadImage(graph.directory, id);
    parents.set(id, image.parent);
    const facts = readFacts(image.directory);
    yield* checkImageFiles(survey, id, facts);
    yield* checkImportedImage(survey, image, facts);
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    // Deleted since the names were read.
    if (error.code === "IMAGE_NOT_FOUND") return;
    if (error.code === "IMAGE_BROKEN") {
      broken.set(id, { ...readBreakage(graph.directory, id), message: error.message });
      return;
    }
    if (!parents.has(id)) unread.set(id, parentIfReadable(graph.directory, id));
    yield notLookedAt(root, at, error, id);
  }
}

function parentIfReadable(graphDirectory: string, id: string): string | null | undefined {
  try {
    return readParent(graphDirectory, id);
  } catch {
    return undefined;
  }
}

/** True for a link that leads to something: the rest of the program follows it. */
function leadsElsewhere(path: string): boolean {
  return (lookAt(path)?.isSymbolicLink() ?? false) && existsSync(path);
}
