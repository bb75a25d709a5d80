// What was set aside for mounts, `mounts/:aside:`: images and views that left their place while they were mounted.
import { join, relative } from "node:path";
import { quote } from "../graph/id.js";
import { isId } from "../graph/index.js";
import { mountIds, readMountRecords } from "../mount/mount-record.js";
import { asideDirectory, imageSetAside } from "../mount/set-aside.js";
import { type Damage, damage, moveAway } from "./finding.js";
import { isDirectory, isThere, namesIn } from "./look.js";
import { imagesOfMounts, type Survey, withMountsAtRest } from "./survey.js";

/** Even a stale mount may need it, to tell its changes. What a mount needs whose record is damaged cannot be told. */
export async function* checkAside(survey: Survey): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const directory = asideDirectory(graph);
  if (!isDirectory(directory)) return;
  const unused = async () => {
    if (readMountRecords(graph).length < mountIds(graph).length) return [];
    const used = imagesOfMounts(graph);
    return namesIn(directory).filter((name) => isId(imageSetAside(name)) && !used.has(imageSetAside(name)));
  };
  const place = relative(root, directory);
  for (const name of namesIn(directory)) {
    if (isId(imageSetAside(name))) continue;
    const at = `${place}/${name}`;
    const message = `${quote(name)} is of no image`;
    yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
  }
  if ((await unused()).length === 0) return;
  for (const name of await withMountsAtRest(survey, unused)) {
    const at = `${place}/${name}`;
    const id = imageSetAside(name);
    yield damage(root, "leftover-aside", {
      ...{ at, id },
      message: `it was set aside for a mount of image ${id} that has ended`,
      repair: [
        moveAway,
        (lost) =>
          withMountsAtRest(survey, async () => {
            if (!isThere(join(root, place)) || imagesOfMounts(graph).has(id)) return undefined;
            return lost.take(at);
          }),
      ],
    });
  }
}
