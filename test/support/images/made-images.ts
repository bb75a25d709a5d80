// Images for tests of the graph.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Graph, type Image, makeRecord, type RecordFields } from "../../../src/graph/index.js";

/** Registers an image whose layer holds these files: latin1 names without directories, and their content. */
export function addImage(
  graph: Pick<Graph, "register">,
  fields: RecordFields,
  files: Readonly<Record<string, string>> = {},
): Promise<Image> {
  return graph.register({ record: makeRecord(fields) }, async (layer) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(layer, name), content);
    return {};
  });
}
