// The root's identity. No worker starts on a root whose file is damaged.
import { rootEntries, rootPath } from "../disk/index.js";
import { isGraphId } from "../graph/index.js";
import { damage } from "./finding.js";
import { isThere, readIfPlain } from "./probe.js";
import type { Survey } from "./survey.js";

/** Not repaired: with a new id, every Redis that has served this root would take it for another graph. */
export async function* checkGraphId({ root }: Survey) {
  const path = rootPath(root, "graphId");
  if (!isThere(path) || isGraphId(`${readIfPlain(path)}`.trim())) return;
  const message = `${path} does not hold a valid UUID: put the right one back. Without the file a new one is made, which a Redis that has served this root refuses`;
  yield damage(root, "damaged-graph-id", { at: rootEntries.graphId.at, message });
}
