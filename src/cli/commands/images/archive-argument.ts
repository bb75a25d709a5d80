// What the help of commands says of an archive that they take.
import { compressions } from "../../../terms/index.js";

/** How it may be compressed. */
export const archiveCompressions = compressions.filter((name) => name !== "none").join(", ");
