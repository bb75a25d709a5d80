// A data directory of Docker 0.3, opened as it is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { collect } from "../support/collect.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const { base, middle, left, right } = dockerImages;
let root: string;
let graph: Graph;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
  graph = await openGraph(root);
});

describe("a data directory of Docker 0.3", () => {
  it("is not touched by being read", async () => {
    const before = await everyByte(root);
    for (const id of Object.values(dockerImages)) {
      await graph.get(id);
      await graph.history(id);
      await graph.layers(id);
      await graph.children(id);
      await graph.storedChecksums(id);
      await graph.storedChecksum(id, "xz-6");
    }
    await collect(graph.list());
    await graph.heads();
    await graph.resolve("8dbd");
    await graph.close();
    expect(await everyByte(root)).toEqual(before);
  });

  it("gives its images with their records byte for byte", async () => {
    const image = await graph.get(middle);
    expect(image.recordBytes).toEqual(readFileSync(join(root, "graph", middle, "json")));
    expect(image).toMatchObject({
      id: middle,
      parent: base,
      directory: join(root, "graph", middle),
      layerDirectory: join(root, "graph", middle, "layer"),
      record: {
        comment: "fixture",
        created: "2013-05-02T15:18:33Z",
        docker_version: "0.2.1",
        author: "seed",
      },
    });
  });

  it("lists its images by id, none of them broken", async () => {
    const listed = await collect(graph.list());
    expect(listed.map(({ image }) => image?.id)).toEqual([right, middle, base, left]);
  });

  it("has two heads, and they have one history", async () => {
    expect((await graph.heads()).map(({ id }) => id)).toEqual([right, left]);
    expect((await graph.history(left)).map(({ id }) => id)).toEqual([left, middle, base]);
    expect(await graph.layers(right)).toEqual(
      [right, middle, base].map((id) => join(root, "graph", id, "layer")),
    );
    expect(await graph.children(middle)).toEqual([right, left]);
  });

  it("groups its images by their parents", async () => {
    const families = await graph.byParent();
    const ids = [...families].map(([parent, images]) => [parent, images.map(({ id }) => id)]);
    expect(new Map(ids as [string | null, string[]][])).toEqual(
      new Map([
        [null, [base]],
        [base, [middle]],
        [middle, [right, left]],
      ]),
    );
  });

  it("gives Docker's checksums as those of the recipe docker", async () => {
    const dictionary = JSON.parse(readFileSync(join(root, "checksums"), "utf8"));
    for (const id of Object.values(dockerImages)) {
      const stored = {
        checksum: dictionary[id],
        tarDigest: null,
        layerBytes: null,
        archiveBytes: null,
        computedAt: null,
      };
      expect(await graph.storedChecksum(id, "docker")).toEqual(stored);
      expect(await graph.storedChecksums(id)).toEqual({ docker: stored });
    }
  });

  it("tells the size of its layers, which is then kept beside them", async () => {
    for (const id of Object.values(dockerImages)) {
      const layer = join(root, "graph", id, "layer");
      const facts = await graph.layerFacts(id);
      const { stdout: apparent } = await execa("find", [layer, "-type", "f", "-printf", "%i %s\\n"]);
      const sizes = new Map(apparent.split("\n").map((line) => line.split(" ") as [string, string]));
      const { stdout: names } = await execa("find", [layer, "-mindepth", "1", "-printf", "x"]);
      expect(facts).toMatchObject({
        layerBytes: [...sizes.values()].reduce((sum, size) => sum + Number(size), 0),
        entries: names.length,
      });
      expect(JSON.parse(readFileSync(join(root, "graph", id, "layer.json"), "utf8"))).toEqual(facts);
    }
    expect((await graph.layerFacts(base)).whiteouts).toBe(0);
    // .wh.hostname and .wh..wh..opq, but not AUFS's own .wh..wh.plnk
    expect((await graph.layerFacts(middle)).whiteouts).toBe(2);
    expect((await graph.layerFacts(left)).whiteouts).toBe(1);
  });
});

/** Every path below a directory with all that lstat tells but the access time, and the content of the files. */
async function everyByte(directory: string): Promise<string[]> {
  const format = "%P %y %m %U:%G %n %i %s %T@ %C@ %l\\n";
  const { stdout: names } = await execa("find", [directory, "-printf", format]);
  const { stdout: sums } = await execa("find", [directory, "-type", "f", "-exec", "sha256sum", "{}", "+"]);
  return [...names.split("\n").sort(), ...sums.split("\n").sort()];
}
