// The attacks of the corpus from end to end: as jobs of a worker, with the canary outside of its root.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectNothingLeft, runJob, useDock } from "../support/dock.js";
import { placeCanary } from "./canary.js";
import { corpus, traversals } from "./cases.js";

const dock = useDock();

describe("a store job", () => {
  test.each(traversals)("refuses every attack by %s, touches nothing and leaves nothing", async (name) => {
    await dock.serving(async ({ producer, root }) => {
      const directory = join(dock.scratch, name.replaceAll(" ", "-"));
      mkdirSync(directory);
      const canary = placeCanary(directory);
      const attacks = (corpus[name] ?? []).filter(({ outcome }) => "refused" in outcome);
      const answers = attacks.map(async ({ name: oddity, archive, outcome }, at) => {
        const path = join(dock.scratch, `${name}-${at}.tar`);
        writeFileSync(path, archive(canary.outside));
        const code = "refused" in outcome ? outcome.refused : undefined;
        await expect(runJob(producer, "store", { layer: { path } }), oddity).rejects.toMatchObject({ code });
      });
      await Promise.all(answers);
      expectNothingLeft(root);
      expect(canary.changes()).toEqual([]);
      expect(readdirSync(canary.layer)).toEqual([]);
    });
  });
});
