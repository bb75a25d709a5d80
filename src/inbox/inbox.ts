// The inbox of a root: what is uploaded waits there for the job that names it.
import { makeDirectory, rootPath } from "../disk/index.js";

/** The inbox of a root: uploads of other processes, each consumed by the job that names it. */
export function inboxOf(root: string): string {
  return rootPath(root, "inbox");
}

/** Makes the inbox if it is missing; only its owner may look in. */
export async function makeInbox(root: string): Promise<string> {
  const inbox = inboxOf(root);
  makeDirectory(inbox, 0o700);
  return inbox;
}
