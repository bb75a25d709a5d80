// One layer of a pull fails while another is still waited for.

import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { openRegistries } from "../../src/interchange/registry/index.js";
import { expectNoTrace } from "../support/images/imports.js";
import { blobPath } from "../support/images/oci-layout.js";
import { makeSmallLayout } from "../support/images/small-layout.js";
import { serving } from "../support/registry/fake-registry.js";
import { pullInto } from "../support/registry/transfers.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });

it.each([
  [0, 1],
  [1, 0],
])(
  "a pull ends at once when layer %s is wrong, and the server is silent about layer %s",
  async (wrong, mute) => {
    const layout = join(await scratch.fresh(), "layout");
    const image = makeSmallLayout(layout);
    const manifest = readFileSync(blobPath(layout, image.digest));
    const { config, layers } = JSON.parse(manifest.toString());
    let silentBegan: () => void = () => undefined;
    const silent = new Promise<void>((resolve) => {
      silentBegan = resolve;
    });
    const answer: RequestListener = async ({ url = "" }, response) => {
      if (url.includes("/manifests/")) {
        response.writeHead(200, { "content-type": image.mediaType }).end(manifest);
      } else if (url.endsWith(config.digest)) {
        response.end(readFileSync(blobPath(layout, config.digest)));
      } else if (url.endsWith(layers[mute].digest)) {
        response.writeHead(200, { "content-length": layers[mute].size }).flushHeaders();
        silentBegan();
      } else {
        await silent;
        response.end(Buffer.alloc(layers[wrong].size));
      }
    };
    await serving(answer, async ({ host, policy }) => {
      const root = await scratch.fresh();
      const limits = { downloadMs: 60_000, downloadSilenceMs: 30_000, downloadResumes: 5 };
      const registries = openRegistries({ ...policy, limits });
      const graph = await openGraph(root, { create: true });
      const began = performance.now();
      await expect(pullInto(graph, registries, `${host}/a/b:1`)).rejects.toMatchObject({
        code: "SOURCE_MISMATCH",
      });
      expect(performance.now() - began).toBeLessThan(15_000);
      expectNoTrace(root);
      await registries.close();
      await graph.close();
    });
  },
);
