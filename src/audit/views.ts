// Views of layers, in the form that overlayfs reads: whether each belongs to an image and to its present layers, and is as
// it was made. A view that is moved away is built anew when its image is mounted; a mount that uses it keeps it.

import { join, relative } from "node:path";
import { namesWithin, rootEntries, rootPath } from "../disk/index.js";
import { imageExists, imagePaths, isConfigImage, withContent } from "../graph/index.js";
import { readViewState, stampLayer, stampLayers, stampViews } from "../mount/index.js";
import { isId, quote, throwIfAborted } from "../terms/index.js";
import { type Damage, damage, moveAway, type Repair } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isThere, namesIn } from "./probe.js";
import { hasImage, imagesOfMounts, type Survey, withMountsAtRest } from "./survey.js";

const viewsAt = rootEntries.views.at;

/** How many views one find(1) reads, and one lock covers. */
const batchSize = 64;

/** Gives what stands for an image's layers; undefined if they are not all there. */
type StampOf = (id: string) => Promise<string | undefined>;

/** What is wrong with a view. */
interface Verdict {
  readonly what: DamageKind;
  readonly message: string;
}

export async function* checkViews(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { root } = survey;
  const own = namesWithin("views");
  const stampOf = openStamps(survey);
  let batch: string[] = [];
  for (const name of namesIn(rootPath(root, "views"))) {
    throwIfAborted(signal);
    const at = join(viewsAt, name);
    if (isDirectory(join(root, at)) && own.includes(name)) continue;
    if (!isId(name) || !isDirectory(join(root, at))) {
      const message = `${quote(name)} is not a view`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
      continue;
    }
    batch.push(name);
    if (batch.length < batchSize) continue;
    yield* checkBatch(survey, batch, stampOf, signal);
    batch = [];
  }
  yield* checkBatch(survey, batch, stampOf, signal);
}

async function* checkBatch(
  survey: Survey,
  ids: readonly string[],
  stampOf: StampOf,
  signal: AbortSignal | undefined,
): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const suspects = await judge(survey, ids, stampOf, signal).then(
    (verdicts) => [...verdicts.keys()],
    () => ids,
  );
  if (suspects.length === 0) return;
  throwIfAborted(signal);
  // Once more while nobody builds or removes views: one that vanished during the first look is not an error.
  const again = () => judge(survey, suspects, (id) => freshStamp(survey, id), signal);
  for (const [id, { what, message }] of await withMountsAtRest(survey, again)) {
    const at = join(viewsAt, id);
    const found = { at, id, message };
    // A mount loses what it shows if its lower is moved and then thrown away.
    if (imagesOfMounts(graph)(id))
      yield damage(root, what, {
        ...found,
        message: `${message}; a mount may show it: the next one makes it anew`,
      });
    else yield damage(root, what, { ...found, repair: [moveAway, moveView(survey, id)] });
  }
}

/** What is wrong with which of these views. Nothing is said of one whose image, or an ancestor of it, is broken. */
async function judge(
  survey: Survey,
  ids: readonly string[],
  stampOf: StampOf,
  signal: AbortSignal | undefined,
): Promise<Map<string, Verdict>> {
  const { graph } = survey;
  const verdicts = new Map<string, Verdict>();
  const bad = (id: string, why: string) =>
    verdicts.set(id, { what: "damaged-view", message: `the view of image ${id} ${why}` });
  const made = new Map<string, string>();
  for (const id of ids) {
    // Taken away with its image since the names were read.
    if (!isThere(rootPath(graph.root, "views", id))) continue;
    if (!hasImage(survey, id) && !(await imageExists(graph.directory, id))) {
      verdicts.set(id, { what: "orphaned-view", message: `a view of the image ${id}, which is not there` });
      continue;
    }
    const stamp = await stampOf(id);
    if (stamp === undefined) continue;
    const state = readViewState(graph, id);
    if (state?.view === undefined) bad(id, "was never finished: nothing is known of how it was made");
    else if (state.layers !== stamp) bad(id, "is of other layers than the image has now");
    else if (state.view === null) bad(id, "is one that its image does not need");
    else made.set(id, state.view);
  }
  const found = await stampViews(graph, [...made.keys()], signal);
  for (const [id, stamp] of made) {
    if (found.has(id) && found.get(id) !== stamp)
      bad(id, "is not as it was made: something was changed in it");
  }
  return verdicts;
}

/** First what is known of it: a view without that is damaged, what is known of a view that is gone is worthless. */
function moveView(survey: Survey, id: string): Repair {
  return (lost) =>
    withMountsAtRest(survey, async () => {
      const isBad = (await judge(survey, [id], () => freshStamp(survey, id), undefined)).has(id);
      if (!isBad || imagesOfMounts(survey.graph)(id)) return undefined;
      await lost.take(relative(survey.root, rootPath(survey.root, "viewStates", id)));
      return lost.take(join(viewsAt, id));
    });
}

/** Stamps by what the survey knows of parents. Each layer is read once, without recursion over the chain. */
function openStamps({ graph, parents }: Survey): StampOf {
  const stamps = new Map<string, string | undefined>();
  return async (id) => {
    const above: string[] = [];
    const met = new Set<string>();
    let at: string | null | undefined = id;
    while (typeof at === "string" && !stamps.has(at) && !met.has(at)) {
      above.push(at);
      met.add(at);
      at = parents.get(at);
    }
    // A missing parent and a cycle end it as well.
    let below = at === null ? "" : typeof at === "string" && stamps.has(at) ? stamps.get(at) : undefined;
    for (const each of above.reverse()) {
      const { directory, layer } = imagePaths(graph.directory, each);
      // What is mounted of an image below another does not have it.
      if (!isConfigImage(directory)) below = below === undefined ? undefined : stampIfAny(layer, below);
      stamps.set(each, below);
    }
    return stamps.get(id);
  };
}

/** The stamp by the disk as it is now. */
async function freshStamp({ graph }: Survey, id: string): Promise<string | undefined> {
  try {
    return stampLayers(withContent(await graph.history(id)))[0];
  } catch {
    return undefined;
  }
}

function stampIfAny(layerDirectory: string, below: string): string | undefined {
  try {
    return stampLayer(layerDirectory, below);
  } catch {
    return undefined;
  }
}
