// How a command is told of a mount: by its id, or by the path of its target.
import { resolve } from "node:path";

/** What the arguments of the commands about a mount say of theirs. */
export const mountArgument = "a mount's id or a unique prefix of it, or the path it is mounted on";

/** Reads it: what could be an id is one; a directory of such a name is written `./abc`. */
export function readMountArgument(text: string): { readonly mountId: string } | { readonly target: string } {
  return /^[0-9a-f]{1,16}$/.test(text) ? { mountId: text } : { target: resolve(text) };
}
