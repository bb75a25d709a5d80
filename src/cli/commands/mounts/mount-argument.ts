// The argument that names a mount: its id, or the path of its target.
import { resolve } from "node:path";

/** The help text of such an argument. */
export const mountArgument = "a mount's id or a unique prefix of it, or the path it is mounted on";

/** Reads it. Text that could be an id is taken for one: a directory of such a name is written `./abc`. */
export function readMountArgument(text: string): { readonly mountId: string } | { readonly target: string } {
  return /^[0-9a-f]{1,16}$/.test(text) ? { mountId: text } : { target: resolve(text) };
}
