// The one pass over all images: loads each, looks at what lies in its directory, and notes what later checks need.
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { StevedoreError, throwIfAborted } from "../error.js";
import { quote } from "../graph/id.js";
import { loadImage } from "../graph/image.js";
import { isId } from "../graph/index.js";
import { stagingName } from "../graph/staging.js";
import { readBreakage } from "./broken-images.js";
import { type Damage, damage, moveAway } from "./finding.js";
import { checkImageFiles } from "./image-files.js";
import { namesIn } from "./look.js";
import { imageAt, type Survey } from "./survey.js";

/** After that many images other work has its turn. */
const turn = 64;

/** Docker 0.2 and older kept deleted images there. */
const garbageName = ":garbage:";

/** Fills the survey. Images that cannot be loaded are not told of here: that waits until all are known. */
export async function* checkImages(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  let looked = 0;
  for (const name of namesIn(graph.directory)) {
    throwIfAborted(signal);
    if (isId(name)) yield* checkImage(survey, name);
    else if (name !== stagingName && name !== garbageName) {
      const at = join("graph", name);
      const message = `the name ${quote(name)} in the graph is no image id`;
      yield damage(root, "stray-entry", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
    looked += 1;
    if (looked % turn === 0) await setImmediate();
  }
}

async function* checkImage(survey: Survey, id: string): AsyncGenerator<Damage> {
  const { graph, root, parents, broken, unread } = survey;
  try {
    parents.set(id, loadImage(graph.directory, id).parent);
    yield* checkImageFiles(survey, id);
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    const { code, message } = error;
    // Deleted since the names were read.
    if (code === "IMAGE_NOT_FOUND") return;
    if (code === "IMAGE_BROKEN") {
      broken.set(id, { ...readBreakage(graph.directory, id), message });
      return;
    }
    if (!parents.has(id)) unread.add(id);
    yield { ...damage(root, "not-looked-at", { at: imageAt(id), id, message }), code };
  }
}
