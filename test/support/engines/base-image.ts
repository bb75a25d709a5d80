// A base for images that are built here, where none can be pulled: Debian's busybox, which needs no library.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../processes/shell.js";
import { enginePath } from "./engine.js";

/** What the shells of the builds call. */
const commands = "sh cat chmod chown cp echo ls ln mkdir mknod mv rm rmdir sleep touch true".split(" ");

/** Packs its tree into `base.tar`, in a directory that is there, and returns the path of that. */
export async function packBase(directory: string): Promise<string> {
  const tree = join(directory, "base.d");
  mkdirSync(join(tree, "bin"), { recursive: true });
  const lines = `set -eu; umask 022
    cp "$(PATH='${enginePath}' command -v busybox)" bin/busybox
    for name in ${commands.join(" ")}; do ln -s busybox bin/$name; done
    mkdir etc tmp var; chmod 1777 tmp; echo 'root:x:0:0:root:/:/bin/sh' > etc/passwd; echo base > etc/motd
    mkdir -p usr/share/doc; for n in 1 2 3; do echo $n > usr/share/doc/$n; done
    find . -exec touch --no-dereference --date=@1700000000 {} +`;
  await shell(lines, { cwd: tree });
  const archive = join(directory, "base.tar");
  // Without the padding that follows the end of an archive: podman's zstd:chunked leaves it out, and so has another diffID.
  await shell(
    `tar --blocking-factor=1 --numeric-owner --owner=0 --group=0 --sort=name -C '${tree}' -cf '${archive}' .`,
  );
  return archive;
}
