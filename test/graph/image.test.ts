// Getting at one image: what a reference means, and every way an image is broken.

import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { addImage } from "../support/images/made-images.js";
import { removeImage } from "../support/images/remove-image.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

async function newGraph(): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

describe("openGraph", () => {
  it("refuses a root that is not there, and makes none", async () => {
    const root = join(await scratch.fresh(), "missing");
    const refusal = { code: "SOURCE_NOT_FOUND", message: expect.stringContaining(root) };
    await expect(openGraph(root)).rejects.toMatchObject(refusal);
    await expect(openGraph(root)).rejects.toMatchObject(refusal);
  });

  it("refuses a root that is a file", async () => {
    const root = join(await scratch.fresh(), "file");
    writeFileSync(root, "");
    await expect(openGraph(root)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
  });

  it("takes a root without a graph for an empty graph, and leaves it so", async () => {
    const root = await scratch.fresh();
    const graph = await openGraph(root);
    expect(await graph.heads()).toEqual([]);
    await expect(graph.get("a")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await graph.close();
    expect((await execa("ls", ["-A", root])).stdout).toBe("");
  });

  it("makes the root and its graph when told to", async () => {
    const root = join(await scratch.fresh(), "deep/root");
    const graph = await openGraph(root, { create: true });
    expect(graph).toMatchObject({ root, directory: join(root, "graph") });
    expect((await execa("ls", ["-A", root])).stdout).toBe("graph");
  });
});

describe("a reference", () => {
  it("is an id or a unique prefix of one", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "abc1" });
    await addImage(graph, { id: "abd2" });
    expect(await graph.resolve("abc1")).toBe("abc1");
    expect(await graph.resolve("abd")).toBe("abd2");
    expect((await graph.get("abc")).id).toBe("abc1");
  });

  it("that is an id means it, though other ids begin with it", async () => {
    const graph = await newGraph();
    for (const id of ["ab", "abc", "abcd"]) await addImage(graph, { id });
    expect(await graph.resolve("ab")).toBe("ab");
    expect(await graph.resolve("abc")).toBe("abc");
  });

  it("that several ids begin with is ambiguous, and they are named", async () => {
    const graph = await newGraph();
    for (const id of ["abc1", "abc2", "b"]) await addImage(graph, { id });
    await expect(graph.resolve("abc")).rejects.toMatchObject({
      code: "AMBIGUOUS_ID",
      message: '"abc" may be any of abc1, abc2',
    });
  });

  it("that very many ids begin with is answered by a short message", async () => {
    const graph = await newGraph();
    for (let n = 10; n < 35; n++) mkdirSync(join(graph.directory, `a${n}`));
    await expect(graph.resolve("a")).rejects.toMatchObject({
      message: expect.stringMatching(/a10, .*a19 and 15 more$/),
    });
  });

  it("that no id begins with is not found", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "abc" });
    await expect(graph.resolve("abcd")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await expect(graph.resolve("x")).rejects.toMatchObject({ message: expect.stringContaining('"x"') });
  });

  it.each(["", "..", "a/../b", ":tmp:", "a\0b", "-a"])(
    "%j is refused wherever an id is asked for",
    async (id) => {
      const graph = await newGraph();
      const entry = { checksum: "", tarDigest: null, layerBytes: null, archiveBytes: null, computedAt: null };
      const calls = [
        () => graph.resolve(id),
        () => graph.exists(id),
        () => graph.get(id),
        () => graph.history(id),
        () => graph.layers(id),
        () => graph.children(id),
        () => removeImage(graph, id),
        () => graph.layerFacts(id),
        () => graph.storedChecksum(id, "xz-6"),
        () => graph.storedChecksums(id),
        () => graph.storeChecksum(id, "xz-6", entry),
        () => graph.storeChecksum(id, "docker", entry),
        () => graph.register({ record: Buffer.from(JSON.stringify({ id })) }, async () => ({})),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "INVALID_ID" });
    },
  );

  it("finds what another process added or removed", async () => {
    const graph = await newGraph();
    const other = await openGraph(graph.root);
    await expect(graph.resolve("ab")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await addImage(other, { id: "abc" });
    expect(await graph.resolve("ab")).toBe("abc");
    await removeImage(other, "abc");
    await expect(graph.resolve("ab")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });
});

describe("an image is broken", () => {
  const ways: [string, RegExp, (directory: string) => void | Promise<void>][] = [
    ["without json", /no json/, (image) => rmSync(join(image, "json"))],
    ["with an empty json", /not JSON/, (image) => writeFileSync(join(image, "json"), "")],
    ["with half a json", /not JSON/, (image) => writeFileSync(join(image, "json"), '{"id":')],
    [
      "with a json that is no object",
      /not a JSON object/,
      (image) => writeFileSync(join(image, "json"), "[]"),
    ],
    [
      "with a json that is not UTF-8",
      /not valid UTF-8/,
      (image) => writeFileSync(join(image, "json"), Buffer.from('{"id":"\xff"}', "latin1")),
    ],
    [
      "with the json of another image",
      /of the id "other"/,
      (image) => writeFileSync(join(image, "json"), '{"id":"other"}'),
    ],
    [
      "with a parent that is no id",
      /"\.\.\/x" is not a valid image id/,
      (image) => writeFileSync(join(image, "json"), '{"id":"image","parent":"../x"}'),
    ],
    [
      "with a directory for a json",
      /json is not a file/,
      (image) => {
        rmSync(join(image, "json"));
        mkdirSync(join(image, "json"));
      },
    ],
    [
      "with a fifo for a json",
      /json is not a file/,
      async (image) => {
        rmSync(join(image, "json"));
        await execa("mkfifo", [join(image, "json")]);
      },
    ],
    [
      "with a link for a json",
      /json is not a file/,
      (image) => {
        rmSync(join(image, "json"));
        symlinkSync("/etc/passwd", join(image, "json"));
      },
    ],
    ["without a layer", /no layer/, (image) => rmSync(join(image, "layer"), { recursive: true })],
    [
      "with a layer that is a file",
      /layer is not a directory/,
      (image) => {
        rmSync(join(image, "layer"), { recursive: true });
        writeFileSync(join(image, "layer"), "");
      },
    ],
    [
      "with a layer that is a link out of the graph",
      /layer is not a directory/,
      (image) => {
        rmSync(join(image, "layer"), { recursive: true });
        symlinkSync("/", join(image, "layer"));
      },
    ],
    [
      "that is a file",
      /not a directory/,
      (image) => {
        rmSync(image, { recursive: true });
        writeFileSync(image, "");
      },
    ],
  ];

  it.each(ways)("%s, and says so", async (_, message, damage) => {
    const graph = await newGraph();
    const { directory } = await addImage(graph, { id: "image" });
    await damage(directory);
    const broken = { code: "IMAGE_BROKEN", message: expect.stringMatching(message) };
    await expect(graph.get("image")).rejects.toMatchObject(broken);
    await expect(graph.history("ima")).rejects.toMatchObject(broken);
    await expect(graph.layers("image")).rejects.toMatchObject(broken);
    expect(await graph.exists("image")).toBe(true);
  });

  it("but not by modes that stop others, as Docker writes them", async () => {
    const graph = await newGraph();
    const { directory } = await addImage(graph, { id: "image" });
    chmodSync(join(directory, "json"), 0);
    expect((await graph.get("image")).id).toBe("image");
  });
});
