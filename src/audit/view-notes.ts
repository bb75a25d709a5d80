// What lies beside the views: what is known of each image (`:built:`), and the links to lowers (`:links:`). Both are
// made anew when an image is mounted.
import { readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { quote } from "../graph/id.js";
import { imageExists, imagePaths } from "../graph/image.js";
import { type Graph, isId } from "../graph/index.js";
import { lastingLinks } from "../mount/lower-links.js";
import { readViewState, statesDirectory, viewPath } from "../mount/view-state.js";
import { type Damage, damage, moveAway } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isOld, lookAt, namesIn } from "./look.js";
import { hasImage, type Survey, withMountsAtRest } from "./survey.js";

/** One of the two directories: how its files are called, and what is wrong with one, if anything is. */
interface Notes {
  readonly directory: string;
  readonly damaged: DamageKind;
  readonly orphaned: DamageKind;
  readonly noun: string;
  readonly fault: (id: string) => string | undefined;
}

export async function* checkViewNotes(survey: Survey): AsyncGenerator<Damage> {
  const { graph } = survey;
  yield* checkNotes(survey, {
    directory: statesDirectory(graph),
    damaged: "damaged-view-state",
    orphaned: "orphaned-view-state",
    noun: "what is known of the view",
    fault: (id) => faultOfState(graph, id),
  });
  yield* checkNotes(survey, {
    directory: lastingLinks(graph),
    damaged: "damaged-view-link",
    orphaned: "orphaned-view-link",
    noun: "the link to the lower",
    fault: (id) => faultOfLink(graph, id),
  });
}

async function* checkNotes(survey: Survey, notes: Notes): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const { directory, damaged, orphaned, noun, fault } = notes;
  if (!isDirectory(directory)) return;
  const place = relative(root, directory);
  const suspects: string[] = [];
  const isBad = async (id: string) =>
    (!hasImage(survey, id) && !(await imageExists(graph.directory, id))) || fault(id) !== undefined;
  for (const name of namesIn(directory)) {
    if (isId(name)) {
      if (await isBad(name)) suspects.push(name);
    } else if (isOld(join(directory, name))) {
      // Links are made under such names. A new one may still be renamed by its maker.
      const at = `${place}/${name}`;
      const message = `${quote(name)} is of no image`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
  if (suspects.length === 0) return;
  const wrong = await withMountsAtRest(survey, async () => {
    const confirmed: string[] = [];
    for (const id of suspects) {
      if (lookAt(join(directory, id)) !== undefined && (await isBad(id))) confirmed.push(id);
    }
    return confirmed;
  });
  for (const id of wrong) {
    const at = join(place, id);
    const why = hasImage(survey, id) ? fault(id) : "is of an image that is not there";
    yield damage(root, why === undefined || !hasImage(survey, id) ? orphaned : damaged, {
      ...{ at, id },
      message: `${noun} of image ${id} ${why}`,
      repair: [
        moveAway,
        (lost) => withMountsAtRest(survey, async () => ((await isBad(id)) ? lost.take(at) : undefined)),
      ],
    });
  }
}

/** One about other layers is no damage: it counts for nothing, and is overwritten. */
function faultOfState(graph: Graph, id: string): string | undefined {
  const state = readViewState(graph, id);
  if (state === undefined) return "cannot be read";
  if (state.view !== null && !isDirectory(viewPath(graph, id))) return "tells of a view that is not there";
  return undefined;
}

function faultOfLink(graph: Graph, id: string): string | undefined {
  const link = join(lastingLinks(graph), id);
  if (!lookAt(link)?.isSymbolicLink()) return "is no link";
  const lowers = [viewPath(graph, id), imagePaths(graph.directory, id).layer];
  // The root may have had another path when it was made; such a link is not used, and overwritten.
  const leadsTo = readlinkSync(link);
  const isRight = lowers.some((lower) => leadsTo.endsWith(lower.slice(graph.root.length)));
  return isRight ? undefined : "leads elsewhere";
}
