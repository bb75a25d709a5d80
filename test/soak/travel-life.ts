// An image that leaves the graph by an export and comes back by an import, with its name; and by a push and a pull.
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Life } from "./image-lives.js";
import { completes, type Supplies, stores } from "./plan.js";

/** In ms: longer than a soak, so that the garbage of others is young. */
const olderMs = 30 * 86_400_000;

/**
 * It is named, pushed, exported, deleted, imported as it was, spared by a collection, and deleted without its name; pulled
 * as it was, and deleted again.
 */
export function* travelLife({ random, archives, registry, root }: Supplies): Life {
  const id = random.hex(32);
  const name = `soak/${id.slice(0, 16)}:1`;
  const file = `travel-${id.slice(0, 16)}.tar`;
  const format = random.pick(["docker", "docker-legacy", "oci"] as const);
  yield { jobs: [stores(id, random.pick(archives.plain))] };
  yield { jobs: [completes("tag", { id, name }, { id, name, previous: null })] };
  const ref = `${registry.host}/${name}`;
  yield { jobs: [completes("push", { image: name, ref }, { id, ref, layers: 1 })] };
  const images = [{ id, names: [name] }];
  yield { jobs: [completes("export", { ids: [name], format, file }, { file, format, layers: 1, images })] };
  const path = join(archives.directory, file);
  renameSync(join(root, "outbox", file), path);
  yield { jobs: [completes("delete", { id: name }, { id })] };
  const added = {
    ...{ images: [{ id, names: [name], layers: 1 }], layersAdded: 1, layersPresent: 0 },
    moved: [],
  };
  yield { jobs: [completes("import", { source: { path } }, { format, ...added })] };
  rmSync(path);
  yield { jobs: [{ ...completes("gc", { olderMs }, { removed: [], layerBytes: 0 }), joins: "maybe" }] };
  yield { jobs: [completes("untag", { name }, { name, id })] };
  yield { jobs: [completes("delete", { id }, { id })] };
  yield { jobs: [completes("pull", { ref, name }, { ref, ...added })] };
  yield { jobs: [completes("untag", { name }, { name, id })] };
  yield { jobs: [completes("delete", { id }, { id })] };
}
