import { expect, it } from "vitest";
import { type ImageCatalog, keepRecent } from "../../src/listing/index.js";

/** Counts that end when they are told to. */
function heldCounts() {
  const counts: { end: () => void; fail: (why: Error) => void }[] = [];
  let began = 0;
  const count = () =>
    new Promise<ImageCatalog>((resolve, reject) => {
      began += 1;
      const catalog = { asOf: began, images: [], children: new Map() };
      counts.push({ end: () => resolve(catalog), fail: reject });
    });
  return { count, counts };
}

it("waits for the first count, then answers by the last one where the next takes long, and says so", async () => {
  const { count, counts } = heldCounts();
  const { recent } = keepRecent(count, 20);
  const first = recent();
  counts[0]?.end();
  expect(await first).toMatchObject({ catalog: { asOf: 1 }, isOutdated: false });

  expect(await recent()).toMatchObject({ catalog: { asOf: 1 }, isOutdated: true });
  expect(counts).toHaveLength(2);
  // One page after the other of the same count: nothing is counted for them.
  expect(await recent({ asOf: 1 })).toMatchObject({ catalog: { asOf: 1 }, isOutdated: false });
  expect(counts).toHaveLength(2);
  const fresh = recent({ fresh: true });
  counts[2]?.end();
  expect(await fresh).toMatchObject({ catalog: { asOf: 3 }, isOutdated: false });
  // An older count that ends later is not the last.
  counts[1]?.end();
  expect(await recent({ asOf: 3 })).toMatchObject({ catalog: { asOf: 3 }, isOutdated: false });
});

it("answers by the next count where that is quick, and fails only who waits for one that fails", async () => {
  const { count, counts } = heldCounts();
  const { recent } = keepRecent(count, 60_000);
  const first = recent();
  counts[0]?.end();
  await first;
  const second = recent();
  counts[1]?.end();
  expect(await second).toMatchObject({ catalog: { asOf: 2 }, isOutdated: false });
  const failing = recent();
  counts[2]?.fail(new Error("the disk"));
  await expect(failing).rejects.toThrow("the disk");
  const impatient = keepRecent(count, 1);
  const begun = impatient.recent();
  counts[3]?.end();
  await begun;
  expect(await impatient.recent()).toMatchObject({ isOutdated: true });
  counts[4]?.fail(new Error("the disk"));
  expect(await impatient.recent({ asOf: 4 })).toMatchObject({ catalog: { asOf: 4 } });
});
