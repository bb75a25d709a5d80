// What an operator allows of notifications, as the flags say it.

import { parseNotifyHost } from "../../outbound/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { PostPolicy } from "./post.js";
import { readSecretFile } from "./secrets.js";

interface NotifyOptions {
  readonly notifyHosts?: readonly string[] | undefined;
  readonly notifySecretFile?: string | undefined;
  readonly allowPrivateAddresses?: boolean | undefined;
}

/**
 * Returns the rules of this worker's notifications; undefined for a worker that sends none.
 * @param warn called with what is unwise
 * @throws `INVALID_OPTION` for a host or a secret that is not valid, and for hosts without a secret: a receiver could not
 * tell such a notification from anybody's
 */
export function readNotifyPolicy(
  { notifyHosts = [], notifySecretFile: file, allowPrivateAddresses = false }: NotifyOptions,
  warn: (line: string) => void,
): Omit<PostPolicy, "version"> | undefined {
  const allowedHosts = notifyHosts.map(parseNotifyHost);
  const { secrets, isOpen } = file === undefined ? { secrets: [], isOpen: false } : readSecretFile(file);
  if (isOpen) warn(`--notify-secret-file ${file}: others than its owner may read it: chmod 600 ${file}`);
  if (allowedHosts.length === 0) return undefined;
  if (secrets.length > 0) return { allowedHosts, allowPrivateAddresses, secrets };
  throw new StevedoreError(
    "INVALID_OPTION",
    "--allow-notify takes --notify-secret-file: notifications are signed",
  );
}
