// What lies beside the views: what is known of each image (`:built:`), the links to lowers (`:links:`), and uppers for
// the next mounts (`:uppers:`). All are made anew when an image is mounted.
import { readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { quote } from "../graph/id.js";
import { imageExists, imagePaths } from "../graph/image.js";
import { type Graph, isId } from "../graph/index.js";
import { imageOfUpper, readyUppers } from "../mount/fresh-upper.js";
import { lastingLinks } from "../mount/lower-links.js";
import { readViewState, statesDirectory, viewPath } from "../mount/view-state.js";
import { type Damage, damage, moveAway } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isOld, lookAt, namesIn } from "./look.js";
import { hasImage, type Survey, withMountsAtRest } from "./survey.js";

/** One of these directories: how its files are called, and what is wrong with one, if anything is. */
interface Notes {
  readonly directory: string;
  readonly damaged: DamageKind;
  readonly orphaned: DamageKind;
  readonly noun: string;
  /** The image that one is of, by its name; no id for a name that was not given here. Default: the name. */
  readonly imageOf?: (name: string) => string;
  readonly fault: (name: string) => string | undefined;
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
  yield* checkNotes(survey, {
    directory: readyUppers(graph),
    damaged: "damaged-view-upper",
    orphaned: "orphaned-view-upper",
    noun: "the upper that lies ready",
    imageOf: imageOfUpper,
    fault: (name) => (isDirectory(join(readyUppers(graph), name)) ? undefined : "is no directory"),
  });
}

async function* checkNotes(survey: Survey, notes: Notes): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const { directory, damaged, orphaned, noun, imageOf = (name) => name, fault } = notes;
  if (!isDirectory(directory)) return;
  const place = relative(root, directory);
  const isOrphan = async (id: string) => !hasImage(survey, id) && !(await imageExists(graph.directory, id));
  const isBad = async (name: string) => (await isOrphan(imageOf(name))) || fault(name) !== undefined;
  const suspects: string[] = [];
  for (const name of namesIn(directory)) {
    if (isId(imageOf(name))) {
      if (await isBad(name)) suspects.push(name);
    } else if (isOld(join(directory, name))) {
      // Links are made under such names. A new one may still be renamed by its maker.
      const at = `${place}/${name}`;
      const message = `${quote(name)} is of no image`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
  if (suspects.length === 0) return;
  const isStillBad = async (name: string) =>
    lookAt(join(directory, name)) !== undefined && (await isBad(name));
  const wrong = await withMountsAtRest(survey, async () => {
    const confirmed: string[] = [];
    for (const name of suspects) if (await isStillBad(name)) confirmed.push(name);
    return confirmed;
  });
  for (const name of wrong) {
    const at = join(place, name);
    const id = imageOf(name);
    const isOf = (await isOrphan(id)) ? undefined : fault(name);
    yield damage(root, isOf === undefined ? orphaned : damaged, {
      ...{ at, id },
      message: `${noun} of image ${id} ${isOf ?? "is of an image that is not there"}`,
      repair: [
        moveAway,
        (lost) =>
          withMountsAtRest(survey, async () => ((await isStillBad(name)) ? lost.take(at) : undefined)),
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
