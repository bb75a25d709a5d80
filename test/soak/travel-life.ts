// An image that leaves the graph by an export and comes back by an import, with its name.
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Life } from "./image-lives.js";
import { completes, type Supplies, stores } from "./plan.js";

/** In ms: longer than a soak, so that the garbage of others is young. */
const olderMs = 30 * 86_400_000;

/** It is named, exported, deleted, imported as it was, spared by a collection, and deleted without its name. */
export function* travelLife({ random, archives, root }: Supplies): Life {
  const id = random.hex(32);
  const name = `soak/${id.slice(0, 16)}:1`;
  const file = `travel-${id.slice(0, 16)}.tar`;
  const format = random.pick(["docker", "docker-legacy", "oci"] as const);
  yield { jobs: [stores(id, random.pick(archives.plain))] };
  yield { jobs: [completes("tag", { id, name }, { id, name, previous: null })] };
  const images = [{ id, names: [name] }];
  yield { jobs: [completes("export", { ids: [name], format, file }, { file, format, layers: 1, images })] };
  const path = join(archives.directory, file);
  renameSync(join(root, "outbox", file), path);
  yield { jobs: [completes("delete", { id: name }, { id })] };
  const imported = { format, images: [{ id, names: [name], layers: 1 }], layersAdded: 1, layersPresent: 0 };
  yield { jobs: [completes("import", { source: { path } }, { ...imported, moved: [] })] };
  rmSync(path);
  yield { jobs: [{ ...completes("gc", { olderMs }, { removed: [], layerBytes: 0 }), joins: "maybe" }] };
  yield { jobs: [completes("untag", { name }, { name, id })] };
  yield { jobs: [completes("delete", { id }, { id })] };
}
