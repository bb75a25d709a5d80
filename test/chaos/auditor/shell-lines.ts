// The lines of shell by which anybody checks an image, as the documentation has them.
import { thenFill } from "../../support/trees/documented-tar.js";

/** The canonical tar of a directory, on stdout. */
export function canonicalTar(directory: string): string {
  return (
    "tar --sort=name --format=posix --numeric-owner " +
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime " +
    "--xattrs --xattrs-include=security.capability --xattrs-include='user.*' " +
    `-C '${directory}' -cf - .${thenFill}`
  );
}
