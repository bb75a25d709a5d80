// The list of images, of a graph of 10,000: sorted, filtered, walked by keyboard, and what is done with those selected.
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import type { GraphNode } from "../../../src/server/dashboard/app/picture/layout/forest.js";
import { accessibilityFaults } from "../../support/dashboard/accessibility.js";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";
import { writeGraph } from "../../support/images/graph-on-disk.js";
import { realistic } from "../../support/images/graph-shapes.js";

const builtPages = fileURLToPath(new URL("../../../dist/server/dashboard/app", import.meta.url));
const count = 10_000;
/** One that two build on, one of which another builds on. */
const doomed = [
  ["top", null, "doomed"],
  ["middle", "top", "doomed"],
  ["leaf", "middle", "doomed"],
  ["other", "top", "kept"],
].map(([id, parent, comment]) => ({
  ...{
    id: `${id}-of-chain`,
    parent: parent === null ? null : `${parent}-of-chain`,
    comment: comment ?? null,
  },
  ...{ created: "2020-01-01T00:00:00Z", layerBytes: 1, checksums: [], mounts: 0 },
}));
const nodes: GraphNode[] = [...realistic(count - doomed.length), ...doomed];
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard({
    prepare: async (root) => {
      writeGraph(root, nodes);
      const graph = await openGraph(root);
      const named = nodes.filter(({ broken }, at) => broken === undefined && at % 500 === 0);
      await graph.names.set(new Map(named.map(({ id }, at) => [`registry.example/team/app-${at}:1.0`, id])));
      await graph.close();
    },
  });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

/** The ids in the rows that are shown, in their order. */
async function shownIds(page: Page): Promise<string[]> {
  const ids = await page
    .locator("tbody tr[aria-rowindex] th a")
    .evaluateAll((links) => links.map((link) => (link as unknown as { title: string }).title));
  return ids;
}

/** Waits until the list begins as the API answers that question. */
async function beginsAs(page: Page, query: string): Promise<void> {
  const { images, total } = await dashboard.get(`images?limit=8&fresh=true&${query}`);
  const ids = images.map(({ id }: { id: string }) => id);
  await expect.poll(async () => (await shownIds(page)).slice(0, 8)).toEqual(ids);
  await page.getByText(`${total.toLocaleString("en-GB")} match`).waitFor();
}

describe("the list of images", () => {
  it("is sorted by its heads and filtered, and its address keeps both", async () => {
    await dashboard.visit("/images", "read", async (page) => {
      await page.getByText("10,000 in all").waitFor();
      const head = (name: string) => page.getByRole("columnheader", { name });
      await expect.poll(() => head("Created").getAttribute("aria-sort")).toBe("descending");
      await page.getByRole("button", { name: "Layer" }).click();
      await expect.poll(() => head("Layer").getAttribute("aria-sort")).toBe("descending");
      await page.getByRole("button", { name: "Layer" }).click();
      await page.waitForURL(/sort=size&direction=asc/);
      await expect.poll(() => head("Layer").getAttribute("aria-sort")).toBe("ascending");
      expect(await head("Created").getAttribute("aria-sort")).toBe("none");

      const sort = "sort=size&direction=asc";
      await page.getByLabel("Names", { exact: true }).selectOption("named");
      await beginsAs(page, `named=true&${sort}`);
      await page.getByLabel("Checksum", { exact: true }).selectOption("unchecked");
      await beginsAs(page, `named=true&checked=false&${sort}`);
      await page.reload();
      await beginsAs(page, `named=true&checked=false&${sort}`);
      expect(await page.getByLabel("Checksum", { exact: true }).inputValue()).toBe("false");
      await page.goBack();
      await beginsAs(page, `named=true&${sort}`);
      expect(await page.getByLabel("Checksum", { exact: true }).inputValue()).toBe("");

      await page.getByRole("button", { name: "Show all" }).click();
      await page.getByText("10,000 in all").waitFor();
      await page.getByLabel("State", { exact: true }).selectOption("broken");
      await beginsAs(page, `broken=true&${sort}`);
      await page.getByText("IMAGE_BROKEN").first().waitFor();
      await page.getByLabel("State", { exact: true }).selectOption("all");
      await page.getByLabel("Mounts", { exact: true }).selectOption("mounted");
      await page.getByText("No image matches these filters.").waitFor();
      await page.getByLabel("Mounts", { exact: true }).selectOption("all");
      await page.getByLabel("Children", { exact: true }).selectOption("heads (none)");
      await beginsAs(page, `head=true&${sort}`);
      await page.getByRole("searchbox", { name: "Search" }).fill("nginx");
      await beginsAs(page, `head=true&text=nginx&${sort}`);
      await page.getByText("Size and age").click();
      await page.getByLabel("Layer from (MiB)").fill("1");
      await page.getByLabel("Layer from (MiB)").press("Tab");
      await beginsAs(page, `head=true&text=nginx&minBytes=1048576&${sort}`);
      await page.getByLabel("Created from").fill("2026-05-01");
      const since = await page.evaluate<string>("new Date(2026, 4, 1).toISOString()");
      await beginsAs(page, `head=true&text=nginx&minBytes=1048576&createdSince=${since}&${sort}`);
    });
  });

  it("is asked for once, while the app's files come, which the build has compressed", async () => {
    await dashboard.visit("/images", "full", async (page) => {
      await page.locator("tbody th a").first().waitFor();
      const loaded = (await page.evaluate(`performance.getEntriesByType("resource").map(
        ({ name, initiatorType, startTime, encodedBodySize, decodedBodySize }) =>
          ({ path: new URL(name).pathname, initiatorType, startTime, encodedBodySize, decodedBodySize }))`)) as {
        [field: string]: number | string;
      }[];
      const app = loaded.find(({ path }) => /^\/assets\/index-.*\.js$/.test(String(path)));
      const lists = loaded.filter(({ path }) => path === "/api/v1/images");
      expect(lists).toEqual([expect.objectContaining({ initiatorType: "link" })]);
      expect(Number(app?.encodedBodySize) * 2).toBeLessThan(Number(app?.decodedBodySize));
      const name = String(app?.path);
      for (const [accepted, extension] of [
        ["gzip, br", ".br"],
        ["gzip", ".gz"],
      ] as const) {
        const answer = await page.request.get(dashboard.url + name, {
          headers: { "accept-encoding": accepted },
        });
        expect(answer.headers()).toMatchObject({
          "content-encoding": extension === ".br" ? "br" : "gzip",
          "content-length": String(statSync(join(builtPages, basename(name) + extension)).size),
          vary: expect.stringMatching(/accept-encoding/i),
        });
        expect((await answer.body()).equals(readFileSync(join(builtPages, basename(name))))).toBe(true);
      }
    });
  });

  it("is walked to its end by keyboard, each row with its number, and is one stop of Tab", async () => {
    await dashboard.visit("/images?sort=id", "full", async (page) => {
      const grid = page.getByRole("grid", { name: "Images" });
      await page.getByText("10,000 in all").waitFor();
      expect(await grid.getAttribute("aria-rowcount")).toBe(String(count + 1));
      await page.getByRole("button", { name: "Parent" }).focus();
      await page.keyboard.press("Tab");
      const focused = () =>
        page.evaluate<string>("document.activeElement.closest('tr')?.getAttribute('aria-rowindex') ?? ''");
      await expect.poll(focused).toBe("2");
      await page.keyboard.press("PageDown");
      await expect.poll(async () => Number(await focused())).toBeGreaterThan(5);
      await page.keyboard.press("Control+End");
      await expect.poll(focused).toBe(String(count + 1));
      const last = page.locator(`tr[aria-rowindex="${count + 1}"]`);
      const sorted = nodes.map(({ id }) => id).sort();
      await expect.poll(() => last.getByRole("link").first().getAttribute("title")).toBe(sorted.at(-1));
      await page.keyboard.press("ArrowUp");
      await expect.poll(focused).toBe(String(count));
      // The checkbox of the row before the last; nothing else was ever put into the page but what is in view.
      await page.keyboard.press("Space");
      await page.getByText("1 image selected").waitFor();
      expect(await page.locator("tbody tr").count()).toBeLessThan(80);
      await page.keyboard.press("Control+Home");
      await expect.poll(focused).toBe("2");
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  it("computes checksums of those that are selected, and follows what that changes", async () => {
    const question = "checked=false&head=true&sort=id&direction=asc";
    const { images, total } = await dashboard.get(`images?${question}&limit=2&fresh=true`);
    await dashboard.visit(`/images?${question}`, "full", async (page) => {
      for (const { id } of images) await page.getByLabel(`Select ${id.slice(0, 12)}`).click();
      await page.getByRole("button", { name: "Checksum", exact: true }).last().click();
      await page.getByText("2 jobs started: checksum.").waitFor();
      await page.getByText(`${(total - 2).toLocaleString("en-GB")} match`).waitFor();
      expect(await shownIds(page)).not.toContain(images[0].id);
      await page.getByRole("link", { name: "Look at the batch" }).click();
      await page.getByText("The batch is done.").waitFor();
    });
    const { checksums } = (await dashboard.get(`images?prefix=${images[0].id}&sort=id&fresh=true`)).images[0];
    expect(checksums).toEqual(["xz-6"]);
  });

  it("deletes after it has asked, children before their parents, and says what stays", async () => {
    await dashboard.visit("/images?text=doomed&sort=name&direction=asc", "full", async (page) => {
      await page.getByText("3 match").waitFor();
      await page.getByLabel("Select top-of-chain").click();
      await page.getByRole("button", { name: "Delete…" }).click();
      const refusing = page.getByRole("dialog", { name: "None of these can be deleted" });
      await refusing.getByText("1 image stays").waitFor();
      await refusing.getByRole("button", { name: "Keep" }).click();
      await page.getByLabel("Select all 3 that match").click();
      await page.getByLabel("Select all 3 that match").click();
      await page.getByText("3 images selected").waitFor();
      await page.getByRole("button", { name: "Delete…" }).click();
      const dialog = page.getByRole("dialog", { name: "Delete 2 images?" });
      await dialog.getByText("This cannot be undone.").waitFor();
      await dialog.getByText("1 image stays, as others build on it that stay: top-of-chain").waitFor();
      await dialog.getByRole("button", { name: "Keep" }).click();
      expect(await dashboard.get("images?text=doomed&fresh=true")).toMatchObject({ total: 3 });
      await page.getByRole("button", { name: "Delete…" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await page.getByText("2 jobs started: delete. Look at the jobs 1 refused.").waitFor();
      await page.getByText("1 match").waitFor();
      await page.getByLabel("Select top-of-chain").waitFor();
      await page.getByRole("link", { name: "Look at the jobs" }).click();
      await page.waitForURL(/\/jobs\?name=delete/);
    });
  });

  it("selects ranges, and all that match with what is in no view, for one batch", async () => {
    const question = "named=true&broken=false&sort=name&direction=asc";
    const { total, images } = await dashboard.get(`images?${question}&limit=100`);
    await dashboard.visit(`/images?${question}`, "full", async (page) => {
      const box = (at: number) => page.getByLabel(`Select ${images[at].names[0]}`, { exact: true });
      await box(1).click();
      await box(4).click({ modifiers: ["Shift"] });
      await page.getByText("4 images selected").waitFor();
      await page.getByLabel(`Select all ${total} that match`).click();
      await page.getByLabel(`Select all ${total} that match`).click();
      await page.getByText(`${total} images selected`).waitFor();
      await box(0).click();
      await page.getByText(`${total - 1} images selected`).waitFor();
      await page.getByRole("button", { name: "Verify" }).click();
      await page.getByText(`${total - 1} jobs started: verify.`).waitFor();
      const job = (await dashboard.get("jobs?name=verify-graph")).jobs[0];
      expect(job.data.ids.sort()).toEqual(
        images
          .slice(1)
          .map(({ id }: { id: string }) => id)
          .sort(),
      );
    });
  });

  it("tags one and exports several", async () => {
    const { images } = await dashboard.get("images?text=of-chain&sort=name");
    await dashboard.visit("/images?text=of-chain&sort=name&direction=asc", "full", async (page, allow) => {
      allow(/status of 422/);
      await page.getByLabel(`Select ${images[0].id.slice(0, 12)}`).click();
      await page.getByRole("button", { name: "Tag…" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill("Not A Name");
      await page.getByRole("dialog").getByRole("button", { name: "Tag" }).click();
      await page.getByRole("dialog").getByRole("alert").getByText("is not a valid").waitFor();
      await page.getByRole("dialog").getByLabel("Name").fill("given/name:1");
      await page.getByRole("dialog").getByRole("button", { name: "Tag" }).click();
      await page.getByText("1 job started: tag.").waitFor();
      await expect.poll(async () => (await dashboard.get("names?text=given")).total).toBe(1);
      await page.getByLabel(`Select ${images[1].id.slice(0, 12)}`).click();
      await page.getByRole("button", { name: "Export…" }).click();
      await page.getByRole("dialog").getByLabel("File").fill("chosen.tar");
      await page.getByRole("dialog").getByRole("button", { name: "Export" }).click();
      await page.getByText("1 job started: export.").waitFor();
      await expect
        .poll(async () => (await dashboard.get("exports")).exports.map(({ file }: { file: string }) => file))
        .toEqual(["chosen.tar"]);
    });
  });

  it("has nothing to select and no button to act for who may only look", async () => {
    await dashboard.visit("/images", "read", async (page) => {
      await page.locator("tbody tr[aria-rowindex] th a").first().waitFor();
      expect(await page.getByRole("checkbox").count()).toBe(0);
      expect(await page.getByRole("button", { name: /Delete|Export|Verify/ }).count()).toBe(0);
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  it("fits a phone, and asks for no more than what it shows", async () => {
    await dashboard.visit(
      "/images",
      "full",
      async (page) => {
        await page.locator("tbody tr[aria-rowindex] th a").first().waitFor();
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
        await page.getByLabel("Sort by").selectOption("name asc");
        await page.waitForURL(/sort=name/);
        await page.getByText("registry.example/team/app-0:1.0").waitFor();
        const bytes = await page.evaluate<number>(
          "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/v1/images')).reduce((sum, { decodedBodySize }) => Math.max(sum, decodedBodySize), 0)",
        );
        expect(bytes).toBeGreaterThan(0);
        expect(bytes).toBeLessThan(100_000);
        expect(await accessibilityFaults(page)).toEqual([]);
      },
      { viewport: { width: 320, height: 800 } },
    );
  });
});
