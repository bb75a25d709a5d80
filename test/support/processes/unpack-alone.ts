// Unpacks an archive into a directory in a process of its own, and prints the error if there is one.
import { createReadStream } from "node:fs";
import { unpack } from "../../../src/layer/index.js";

const [source = "", layer = ""] = process.argv.slice(2);
const limits = { maxBytes: 1e9, maxEntries: 1_000 };
await unpack(createReadStream(source), layer, { limits }).catch((error: NodeJS.ErrnoException) => {
  console.log(`${error.code}: ${error.message}`);
});
