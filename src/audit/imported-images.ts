// The images that an import made: whether record, config and manifest are those that the image's id stands for.
import { join } from "node:path";
import { imageEntries } from "../disk/index.js";
import {
  configImageId,
  configImageRecord,
  type Image,
  isConfigImage,
  type LayerFacts,
  layerImageId,
  layerImageRecord,
  manifestIsOf,
} from "../graph/index.js";
import { type Damage, damage, moveAway } from "./finding.js";
import { isThere, namesIn, readIfPlain } from "./probe.js";
import { imageAt, type Survey, withImage } from "./survey.js";

/** Looks at an image that can be loaded, with its facts. Of one that was not imported nothing is said. */
export async function* checkImportedImage(
  survey: Survey,
  image: Image,
  facts: LayerFacts | undefined,
): AsyncGenerator<Damage> {
  if (isConfigImage(image.directory)) {
    yield* checkConfigImage(survey, image);
    yield* checkManifest(survey, image);
  } else yield* checkLayerImage(survey, image, facts?.diffId);
}

async function* checkLayerImage(
  survey: Survey,
  { id, parent, recordBytes }: Image,
  diffId: string | undefined,
): AsyncGenerator<Damage> {
  if (diffId === undefined || layerImageId(parent, diffId) !== id) return;
  if (recordBytes.equals(layerImageRecord(id, parent))) return;
  yield wrongRecord(survey, id, "another record than its id stands for, as imports of 0.1 wrote it");
}

async function* checkConfigImage(survey: Survey, image: Image): AsyncGenerator<Damage> {
  const { id, parent, recordBytes, directory, layerDirectory } = image;
  const config = readIfPlain(join(directory, imageEntries.config));
  if (config === undefined || configImageId(config) !== id) {
    const at = `${imageAt(id)}/${imageEntries.config}`;
    const message = `the config of image ${id} is that of another image`;
    yield damage(survey.root, "wrong-config", { at, id, message });
    return;
  }
  if (!recordBytes.equals(recordFrom(config, id, parent) ?? Buffer.alloc(0))) {
    yield wrongRecord(survey, id, "another record than its config gives");
  }
  if (namesIn(layerDirectory).length === 0) return;
  const at = `${imageAt(id)}/${imageEntries.layer}`;
  const message = `the image ${id} has files in its layer, which are not shown: its content is that of its parent`;
  yield damage(survey.root, "layer-beside-config", { at, id, message });
}

/** Undefined for a config of which no record can be made. */
function recordFrom(config: Buffer, id: string, parent: string | null): Buffer | undefined {
  try {
    return configImageRecord(JSON.parse(config.toString()), id, parent);
  } catch {
    return undefined;
  }
}

async function* checkManifest(survey: Survey, { id, directory }: Image): AsyncGenerator<Damage> {
  const path = join(directory, imageEntries.imageManifest);
  const isBad = () => isThere(path) && !manifestIsOf(readIfPlain(path), id);
  if (!isBad()) return;
  const at = `${imageAt(id)}/${imageEntries.imageManifest}`;
  yield damage(survey.root, "wrong-manifest", {
    at,
    id,
    message: `the manifest beside image ${id} is not that of this image`,
    repair: [moveAway, (lost) => withImage(survey, id, async () => (isBad() ? lost.take(at) : undefined))],
  });
}

function wrongRecord({ root }: Survey, id: string, why: string): Damage {
  const at = `${imageAt(id)}/${imageEntries.record}`;
  return damage(root, "wrong-record", { at, id, message: `the image ${id} has ${why}` });
}
