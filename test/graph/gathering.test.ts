// A graph that is large enough for a second thread, against what a look at each image alone finds.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const count = 4_200;
const idOf = (number: number) => `i${`${number}`.padStart(5, "0")}`;

/** Most images are whole; the others lack something, or have something else in its place. */
function makeImage(graph: string, number: number): void {
  const directory = join(graph, idOf(number));
  mkdirSync(directory);
  const parent = number === 0 ? undefined : idOf(Math.floor(number / 3));
  const json = join(directory, "json");
  const record = JSON.stringify({ id: idOf(number), parent, comment: `é ${number}`, created: "2013" });
  if (number % 97 === 5) symlinkSync("layer", json);
  else if (number % 89 === 7) writeFileSync(json, record.slice(0, -1));
  else if (number % 83 !== 11) writeFileSync(json, record);
  if (number % 79 !== 13) mkdirSync(join(directory, "layer"));
  const facts = JSON.stringify({ layerBytes: number, entries: 1, whiteouts: 0 });
  if (number % 4 !== 1) writeFileSync(join(directory, "layer.json"), number % 73 === 3 ? "{" : facts);
  const stored = {
    checksum: `sha256:${number}`,
    tarDigest: null,
    layerBytes: 1,
    archiveBytes: 1,
    computedAt: null,
  };
  if (number % 3 !== 2) writeFileSync(join(directory, "checksum.json"), JSON.stringify({ "xz-6": stored }));
}

it("gathers what a look at each image finds, and the children of each", async () => {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  for (let number = 0; number < count; number++) makeImage(graph.directory, number);
  mkdirSync(join(graph.directory, "no id"));
  const expected = [];
  const families = new Map<string, string[]>();
  for await (const { image, broken } of graph.list()) {
    if (image === undefined) expected.push({ broken });
    else expected.push({ image, checksums: await graph.storedChecksums(image.id) });
  }
  const gathered = await graph.gather(({ image, broken }, beside) =>
    image === undefined ? { broken } : { image, checksums: beside?.checksums },
  );
  expect(gathered).toEqual(expected);
  const sizes = await graph.gather(({ image }, beside) => ({
    id: image?.id,
    bytes: beside?.facts?.layerBytes,
  }));
  for (const { id, bytes } of sizes) {
    const number = Number(id?.slice(1));
    if (id !== undefined) expect(bytes).toBe(number % 4 === 1 || number % 73 === 3 ? undefined : number);
  }
  for (let number = 0; number < count; number++) {
    const isReadable = number % 97 !== 5 && number % 89 !== 7 && number % 83 !== 11;
    if (!isReadable || number === 0) continue;
    const parent = idOf(Math.floor(number / 3));
    families.set(parent, [...(families.get(parent) ?? []), idOf(number)]);
  }
  for (const number of [0, 1, 7, 500, 1_399, 1_400]) {
    expect(await graph.children(idOf(number))).toEqual(families.get(idOf(number)) ?? []);
  }
});
