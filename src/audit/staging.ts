// Staging of processes that died: images and mounts that were being made or unmade.
import { join } from "node:path";
import { stagingLeft, stagingName } from "../graph/staging.js";
import { joinPath } from "../layer/byte-path.js";
import { damage, moveAway } from "./finding.js";
import { isDirectory, isThere } from "./look.js";
import { elsewhereOf, type Survey } from "./survey.js";

/** Names of another form, such as Docker's own, are left alone: whether somebody uses them cannot be told. */
export async function* checkStaging(survey: Survey) {
  const { graph, root } = survey;
  // A link is told of with the images.
  if (!isDirectory(graph.directory)) return;
  const directory = join(graph.directory, stagingName);
  const at = join("graph", stagingName);
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
