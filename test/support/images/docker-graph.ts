// A data directory that Docker 0.3 itself wrote, and what is in it.
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const archive = fileURLToPath(new URL("../../fixtures/docker-0.3-graph.tar", import.meta.url));

/** The images: `base` is the parent of `middle`, which is that of `left` and `right`. */
export const dockerImages = {
  base: "8dbd9e392a964056420e5d58ca5cc376ef18e2de93b5cc90e868a1bbc8318c1c",
  middle: "27cf784147099545",
  left: "b750fe79269d2ec9a3c593ef05b4332b1d1a02a62b4accb2c21d589ff2f5f2dc",
  right: "08964efe9750fef9788b7d7d45e6f2daaa48700474c78cd7939258a628caeedb",
} as const;

/** Unpacks the data directory into an empty directory. Needs root. */
export async function unpackDockerGraph(directory: string): Promise<void> {
  await execa("tar", ["--numeric-owner", "-xpf", archive, "-C", directory]);
}
