// The root's identity: a file that holds none keeps every worker from starting.
import { rootEntries, rootPath } from "../disk/index.js";
import { isGraphId } from "../graph/index.js";
import { damage } from "./finding.js";
import { isThere, readIfPlain } from "./probe.js";
import type { Survey } from "./survey.js";

/** Only told: a new one would be another graph's to every Redis that knows this one by its name. */
export async function* checkGraphId({ root }: Survey) {
  const path = rootPath(root, "graphId");
  if (!isThere(path) || isGraphId(`${readIfPlain(path)}`.trim())) return;
  const message = `${path} holds no UUID: put the right one back. Without the file a new one is made, which a Redis that has served this root refuses`;
  yield damage(root, "damaged-graph-id", { at: rootEntries.graphId.at, message });
}
