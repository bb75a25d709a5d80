// A data directory of Docker 0.3 that a service works on while the tests of a file run.
import { afterAll, beforeAll } from "vitest";
import { unpackDockerGraph } from "../images/docker-graph.js";
import type { ScratchDirectory } from "../scratch-directory.js";
import { type Running, serveRoot } from "./stevedore.js";

export interface ServedGraph {
  /** The data directory, once the tests run. */
  readonly root: string;
}

/** To be called at the top of a test file. */
export function useServedDockerGraph(scratch: ScratchDirectory): ServedGraph {
  let root = "";
  let up: Running | undefined;
  beforeAll(async () => {
    root = await scratch.fresh();
    await unpackDockerGraph(root);
    up = await serveRoot(root);
  });
  afterAll(() => up?.stop());
  return {
    get root() {
      return root;
    },
  };
}
