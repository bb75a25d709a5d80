// The worker that a command runs itself to pull or push: it deals with the registry that its user has named.
import { access } from "node:fs/promises";
import { parseRegistryReference } from "../../../terms/index.js";
import type { OwnWorkerOptions } from "../../embedded/index.js";
import { ownAuthFile, type RegistryFlags } from "../../registry-flags.js";
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
