// Takes an image out of the dock's graph again, with all below it, so that the next round begins as the one before.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Dock } from "./dock.js";
import { shell } from "./shell.js";

/** Deletes an image and its ancestors, and syncs, so that this is not at the cost of what is measured next. */
export async function removeImage(
  { producer, root, scratch }: Dock,
  image: string | undefined,
): Promise<void> {
  for (let id = image; id !== undefined; ) {
    const { parent } = JSON.parse(readFileSync(join(root, "graph", id, "json"), "utf8"));
    await producer.wait(await producer.enqueue("delete", { id }));
    id = parent;
  }
  await shell(`sync -f ${scratch}`);
}
