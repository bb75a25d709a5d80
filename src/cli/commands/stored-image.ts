// What the commands that make images have in common: what they answer and what they say.
import type { JobResult } from "../../jobs/index.js";
import { assertRecipe } from "../../terms/index.js";
import type { QueueSession } from "../embedded/index.js";
import type { CommandContext } from "../run-command.js";
import { runJob } from "../run-jobs.js";
import type { ImportFlags } from "../worker-flags.js";

/** Says so if the command's flags for a worker have no effect, because another worker runs already. */
export function warnUnheeded(
  { ownWorker }: QueueSession,
  flags: ImportFlags,
  { warn }: CommandContext,
): void {
  const { allowSquash, maxLayerBytes, maxLayerEntries, maxImportBytes } = flags;
  const { maxRecordBytes, maxJobBytes, toolSilence } = flags;
  const ofImages = [allowSquash, maxLayerBytes, maxLayerEntries, maxImportBytes, maxRecordBytes];
  const given = [...ofImages, maxJobBytes, toolSilence];
  if (ownWorker || given.every((value) => value === undefined)) return;
  warn("--allow-squash, --max-… and --tool-silence are not heeded: a worker that runs already has its own");
}

/** Says whose name the image got, if it was another's. */
export function tellMoved({ name, previous }: JobResult<"store">, { tell }: CommandContext): void {
  if (previous !== undefined && previous !== null) tell(`${name} was the name of ${previous}`);
}

/** The image's result, with the checksum if a recipe was named. @throws the errors of the `checksum` job */
export async function checksumStored(
  session: QueueSession,
  image: JobResult<"store">,
  recipe: string | undefined,
  context: CommandContext,
): Promise<JobResult<"store"> & { readonly checksum?: string }> {
  if (recipe === undefined) return image;
  // The worker enqueued it: this joins it, or finds it done.
  const job = { name: "checksum", data: { id: image.id, recipe: assertRecipe(recipe) } } as const;
  const { checksum } = await runJob(session, job, { ...context, notify: undefined }, image.id);
  return { ...image, checksum };
}
