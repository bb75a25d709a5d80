// What drivers share that mount by mount(8).
import { run, tools } from "../../host/index.js";
import type { TableEntry } from "../mount-table.js";
import type { MountIdentity } from "./driver.js";

/** Finds the entry that is called as the mount is. */
export function entryBySource(
  { source }: MountIdentity,
  table: readonly TableEntry[],
): TableEntry | undefined {
  return table.find((entry) => entry.source === source);
}

/** umount(8). */
export async function unmountByKernel(target: string, signal?: AbortSignal | undefined): Promise<void> {
  await run(tools.umount, ["--no-canonicalize", "--", target], { failure: "MOUNT_FAILED", signal });
}
