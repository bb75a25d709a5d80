// What is wrong with one image, as a check of the whole graph would say it.
import { type Graph, imagePaths } from "../graph/index.js";
import { checkAncestry } from "./ancestry.js";
import { checkBrokenImages } from "./broken-images.js";
import { asFinding, type Damage, type Finding } from "./finding.js";
import { checkImage } from "./images.js";
import { isDirectory, readIfPlain } from "./probe.js";
import { beginSurvey } from "./survey.js";

/**
 * The findings about one image; none for one that is whole, or that the graph does not have. Nothing is repaired. What is
 * wrong with its ancestors is not told, but for a parent that is missing.
 * @param children the ids of the images that name it as their parent
 * @throws `INTERNAL` for what cannot be read
 */
export async function findFaults(graph: Graph, id: string, children: readonly string[]): Promise<Finding[]> {
  const survey = beginSurvey(graph);
  const found: Damage[] = [];
  for await (const damage of checkImage(survey, id)) found.push(damage);
  const { parents, broken } = survey;
  const parent = parents.get(id) ?? broken.get(id)?.parent ?? null;
  // What others build on is not moved away.
  for (const child of children) parents.set(child, id);
  for await (const damage of checkBrokenImages(survey)) found.push(damage);
  if (parent !== null && !parents.has(parent) && (await graph.exists(parent))) parents.set(parent, null);
  for await (const damage of checkAncestry(survey)) if (damage.id === id) found.push(damage);
  return found.map(asFinding);
}

/**
 * The record of an image as it lies on the disk, be it damaged; undefined where there is none that can be read, and for
 * an image that is a link to elsewhere.
 * @throws `INTERNAL` for a file that the disk does not give
 */
export function readRawRecord(graph: Graph, id: string): Buffer | undefined {
  const { directory, record } = imagePaths(graph.directory, id);
  return isDirectory(directory) ? readIfPlain(record) : undefined;
}
