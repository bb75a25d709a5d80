// Images that are put into a root by hand, as no job of this test has made them: one file in a layer.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes an image whose layer has one file, `file`. A number is that many bytes, which take their time to compress. */
export function writeSingleFileImage(root: string, id: string, content: number | string | Buffer = ""): void {
  const directory = join(root, "graph", id);
  mkdirSync(join(directory, "layer"), { recursive: true });
  writeFileSync(join(directory, "layer/file"), typeof content === "number" ? randomBytes(content) : content);
  writeFileSync(join(directory, "json"), JSON.stringify({ id, container_config: {} }));
}
