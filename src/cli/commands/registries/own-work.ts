// The worker that a command runs itself to pull or push: it deals with the registry that its user has named.
import { access } from "node:fs/promises";
import { parseRegistryReference } from "../../../terms/index.js";
import type { OwnWorkerOptions, QueueSession } from "../../embedded/index.js";
import { type DownloadFlags, ownAuthFile, type RegistryFlags } from "../../registry-flags.js";
import type { CommandContext } from "../../run-command.js";
import { type WorkerFlags, workerOptions } from "../../worker-flags.js";

/**
 * Its options: the registry of `ref` is allowed, for whoever runs the command has named it, and the credentials are the user's
 * own.
 */
export async function ownWork(
  flags: RegistryFlags & Partial<WorkerFlags>,
  ref: string,
): Promise<OwnWorkerOptions> {
  const authFile = ownAuthFile(flags);
  const isThere = await access(authFile).then(
    () => true,
    () => false,
  );
  return {
    ...workerOptions(flags),
    allowedRegistries: [parseRegistryReference(ref).host],
    // One that was named is read, so that it is missed.
    registryAuthFile: isThere || flags.registryAuth !== undefined ? authFile : undefined,
  };
}

/** Says so if the flags about registries have no effect, because another worker runs already. */
export function warnUnheededRegistries(
  { ownWorker }: QueueSession,
  flags: RegistryFlags & DownloadFlags,
  { warn }: CommandContext,
): void {
  const { registryAuth, registryCa, registryInsecure, registryMirror, registryConcurrency } = flags;
  const { allowPrivateAddresses, downloadTime, downloadSilence, downloadResumes } = flags;
  const ofRegistries = [registryAuth, registryCa, registryInsecure, registryMirror, registryConcurrency];
  const given = [...ofRegistries, allowPrivateAddresses, downloadTime, downloadSilence, downloadResumes];
  if (ownWorker || given.every((value) => value === undefined)) return;
  warn(
    "--registry-…, --download-… and --allow-private-addresses are not heeded: a worker that runs already has its own",
  );
}
