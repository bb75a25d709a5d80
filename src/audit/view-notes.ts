// What lies beside the views: what is known of each image (`:built:`), the links to lowers (`:links:`), and the uppers
// of next mounts (`:uppers:`). All of it is made anew when it is missing.

import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { rootPath } from "../disk/index.js";
import { type Graph, imageExists, imagePaths } from "../graph/index.js";
import { imageOfUpper, linkNamesOf, readViewState, readyPath } from "../mount/index.js";
import { isErrno, isId, quote } from "../terms/index.js";
import { type Damage, damage, moveAway } from "./finding.js";
import { isDirectory, isOld, isThere, lookAt, namesIn } from "./probe.js";
import { hasImage, type Survey, withMountsAtRest } from "./survey.js";

/** One of the three directories. */
interface Notes {
  readonly directory: string;
  readonly noun: string;
  /** The image that something there is about; undefined for what does not belong there. */
  readonly imageOf: (name: string, path: string) => string | undefined;
  /** What is wrong with it, if anything is. */
  readonly fault: (image: string, path: string) => string | undefined;
}

export async function* checkViewNotes(survey: Survey): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  // A link is reported with the views.
  if (!isDirectory(rootPath(root, "views"))) return;
  const imageOf = (name: string) => (isId(name) ? name : undefined);
  yield* checkNotes(survey, {
    directory: rootPath(graph.root, "viewStates"),
    noun: "what is known of the view",
    imageOf,
    fault: (image) => faultOfState(graph, image),
  });
  yield* checkNotes(survey, {
    directory: rootPath(graph.root, "lowerLinks"),
    noun: "the link to the lower",
    imageOf: (_, link) => imageOfLink(link),
    fault: (image, link) => faultOfLink(image, link),
  });
  yield* checkNotes(survey, {
    ...{
      directory: rootPath(graph.root, "freshUppers"),
      noun: "the upper for the next mount",
      imageOf: imageOfUpper,
    },
    fault: (image, upper) => faultOfUpper(graph, image, upper),
  });
}

async function* checkNotes(survey: Survey, notes: Notes): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const { directory, noun, imageOf } = notes;
  if (!isDirectory(directory)) return;
  const place = relative(root, directory);
  const isOrphaned = async (id: string) => !hasImage(survey, id) && !(await imageExists(graph.directory, id));
  const faultOf = async (id: string, name: string): Promise<string | undefined> => {
    const path = join(directory, name);
    if (!isThere(path)) return undefined;
    if (await isOrphaned(id)) return "is of an image that is not there";
    return unlessGone(() => notes.fault(id, path));
  };
  const suspects: [id: string, name: string][] = [];
  for (const name of namesIn(directory)) {
    const id = imageOf(name, join(directory, name));
    if (id !== undefined && isId(id)) {
      if ((await faultOf(id, name)) !== undefined) suspects.push([id, name]);
    } else if (isOld(join(directory, name))) {
      const at = `${place}/${name}`;
      const message = `${quote(name)} does not belong to an image`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
  if (suspects.length === 0) return;
  const wrong = await withMountsAtRest(survey, async () => {
    const confirmed: Damage[] = [];
    for (const [id, name] of suspects) {
      const why = await faultOf(id, name);
      if (why === undefined) continue;
      const at = join(place, name);
      const found = damage(root, (await isOrphaned(id)) ? "orphaned-view-note" : "damaged-view-note", {
        at,
        id,
        message: `${noun} of image ${id} ${why}`,
        repair: [
          moveAway,
          (lost) =>
            withMountsAtRest(survey, async () =>
              (await faultOf(id, name)) === undefined ? undefined : lost.take(at),
            ),
        ],
      });
      confirmed.push(found);
    }
    return confirmed;
  });
  yield* wrong;
}

/** A note about other layers is not damage: it is not used, and is overwritten. */
function faultOfState(graph: Graph, id: string): string | undefined {
  const state = readViewState(graph, id);
  if (state === undefined) return "cannot be read";
  if (typeof state.view === "string" && !isDirectory(rootPath(graph.root, "views", id)))
    return "tells of a view that is not there";
  return undefined;
}

/** The image whose layer or view a link leads to. The root may have had another path when the link was made. */
function imageOfLink(link: string): string | undefined {
  if (!lookAt(link)?.isSymbolicLink()) return undefined;
  const [, ofLayer, ofView] =
    /\/(?:graph\/([^/]+)\/layer|views\/([^/]+))$/.exec(unlessGone(() => readlinkSync(link)) ?? "") ?? [];
  return ofLayer ?? ofView;
}

/** A link that older versions made has the image's id for a name. */
function faultOfLink(id: string, link: string): string | undefined {
  const isRight = [id, ...linkNamesOf(readlinkSync(link))].includes(basename(link));
  return isRight ? undefined : "has the name of another";
}

/** An upper for another lower is not damage: the next unmount replaces it. */
function faultOfUpper(graph: Graph, id: string, upper: string): string | undefined {
  if (!isDirectory(upper)) return "is not a directory";
  if (readdirSync(upper, "latin1").length > 0) return "is not empty: a mount would show what is in it";
  const lower = lowersOf(graph, id).find((path) => isThere(path) && readyPath(graph, id, path) === upper);
  if (lower === undefined) return undefined;
  const [own, given] = [upper, lower].map((path) => {
    const { mode, uid, gid, mtimeNs } = lstatSync(path, { bigint: true });
    return `${mode} ${uid} ${gid} ${mtimeNs}`;
  });
  return own === given ? undefined : "has other attributes than the image's root";
}

/** What a mount has of an image: its view or its layer, as the driver wants it. */
function lowersOf(graph: Graph, id: string): string[] {
  return [rootPath(graph.root, "views", id), imagePaths(graph.directory, id).layer];
}

/** Mounts and deletions take these things at any time. */
function unlessGone(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
