// The mounts of a root as a table.
import type { NamesByImage } from "../../../listing/index.js";
import type { Mount } from "../../../mount/index.js";
import { shortId } from "../../../terms/index.js";
import { formatAge } from "../format.js";
import type { Style } from "../surface.js";
import { namesCell } from "./image-table.js";
import { type ListView, tableLines } from "./table.js";

const styles: Readonly<Record<Mount["state"], Style>> = {
  mounted: "good",
  stale: "warning",
  unmounted: "quiet",
  elsewhere: "quiet",
};

/** The lines of the table. An image is shown by its names, and by its id where it has none, as `docker ps` shows it. */
export function mountLines(mounts: readonly Mount[], names: NamesByImage, view: ListView): string[] {
  const { isWhole, now } = view;
  const idOf = (id: string) => (isWhole ? id : shortId(id));
  return tableLines(
    [
      {
        ...{ heading: "IMAGE", least: 12, usual: 40 },
        cell: ({ id }) => (names.has(id) ? namesCell(names.get(id) ?? []) : idOf(id)),
      },
      { heading: "MOUNT", cell: ({ mountId }) => idOf(mountId) },
      { heading: "STATE", cell: ({ state }) => state, style: ({ state }) => styles[state] },
      {
        ...{ heading: isWhole ? "CREATED" : "AGE", side: "right", rank: 1 },
        cell: ({ createdAt }) => (isWhole ? createdAt : formatAge(Date.parse(createdAt), now)),
      },
      { heading: "DRIVER", rank: 3, cell: ({ driver }) => driver },
      { heading: "LAYERS", rank: 4, side: "right", cell: ({ layers }) => String(layers) },
      { heading: "HOST", rank: 2, least: 8, cell: ({ host }) => host },
      // The end of a path tells more than its beginning.
      { heading: "TARGET", least: 16, wanted: 32, cutOff: "start", cell: ({ target }) => target },
    ],
    view,
    mounts,
  );
}
