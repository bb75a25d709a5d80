// What a job is about, in a few characters: what a list of jobs shows of it.

/** Where the subject may stand: in a job's data or its result. */
export type SubjectPath = `data.${string}` | `result.${string}`;

/** Where that of a kind is looked for which is not known here: a later version's, or somebody's own. */
export const usualSubject: readonly SubjectPath[] = ["data.id"];

/** The first text that stands at one of these places; empty if there is none. */
export function findSubject(
  paths: readonly SubjectPath[],
  job: { readonly data: unknown; readonly result?: unknown },
): string {
  for (const path of paths) {
    const found = path
      .split(".")
      .reduce<unknown>((value, field) => (value as Record<string, unknown> | null | undefined)?.[field], job);
    if (typeof found === "string") return found;
  }
  return "";
}
