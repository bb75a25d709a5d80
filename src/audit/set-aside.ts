// What was set aside for mounts, `mounts/:aside:`: images and views that left their place while they were mounted.

import { relative } from "node:path";
import { rootPath } from "../disk/index.js";
import { imageSetAside } from "../mount/index.js";
import { isId, quote } from "../terms/index.js";
import { type Damage, damage, moveAway } from "./finding.js";
import { isDirectory, namesIn } from "./probe.js";
import { imagesOfMounts, letUnmountsEnd, type Survey, withMountsAtRest } from "./survey.js";

/** Even a stale mount may need it, to tell its changes. As long as a mount's record is damaged, any of it may be needed. */
export async function* checkAside(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const directory = rootPath(graph.root, "aside");
  if (!isDirectory(rootPath(graph.root, "mounts")) || !isDirectory(directory)) return;
  const unused = async () => {
    const isUsed = imagesOfMounts(graph);
    return namesIn(directory).filter((name) => isId(imageSetAside(name)) && !isUsed(imageSetAside(name)));
  };
  const place = relative(root, directory);
  for (const name of namesIn(directory)) {
    if (isId(imageSetAside(name))) continue;
    const at = `${place}/${name}`;
    const message = `${quote(name)} does not belong to an image`;
    yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
  }
  if ((await unused()).length === 0) return;
  await letUnmountsEnd(signal);
  for (const name of await withMountsAtRest(survey, unused)) {
    const at = `${place}/${name}`;
    const id = imageSetAside(name);
    yield damage(root, "leftover-aside", {
      at,
      id,
      message: `it was set aside for a mount of image ${id} that has ended`,
      repair: [
        moveAway,
        (lost) =>
          withMountsAtRest(survey, async () => ((await unused()).includes(name) ? lost.take(at) : undefined)),
      ],
    });
  }
}
