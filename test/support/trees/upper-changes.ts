// The changes of an upper as lines, in the letters of `docker diff`.
import { type Change, readChanges } from "../../../src/layer/stack/changes.js";
import type { DeletionForm } from "../../../src/layer/stack/upper.js";

const letters = { modify: "C", add: "A", delete: "D" } as const;

/** Lines such as `D /etc/hostname`, in the order they come in. */
export async function changeLines(
  directory: string,
  layers: readonly string[],
  form: DeletionForm = "devices",
): Promise<string[]> {
  return (await readChanges({ directory, form }, layers)).map(asLine);
}

export function asLine({ kind, path }: Change): string {
  return `${letters[kind]} ${path}`;
}
