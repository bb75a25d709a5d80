// The page of an image, of a broken one, of an ambiguous prefix; and the list of names.
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";
import { addImage } from "../../support/images/made-images.js";

const depth = 40;
const longName = `registry.example:5000/${"a-team-of-many-words/".repeat(6)}service:2026`;
const idOf = (step: number) => `step-${String(step).padStart(2, "0")}`;
const top = idOf(depth - 1);
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard({
    prepare: async (root) => {
      const graph = await openGraph(root, { create: true });
      for (let step = 0; step < depth; step++) {
        await addImage(graph, {
          id: idOf(step),
          ...(step > 0 && { parent: idOf(step - 1) }),
          container_config: { Cmd: ["/bin/sh", "-c", `make step ${step}`] },
        });
      }
      for (const id of ["torn", "held", "doomed", "twin-1", "twin-2"]) await addImage(graph, { id });
      await addImage(graph, { id: "holder", parent: "held" });
      await graph.names.set(
        new Map([
          [longName, top],
          ["app", top],
          ["torn", "torn"],
          ["twins/first", "twin-1"],
        ]),
      );
      writeFileSync(join(root, "graph/torn/json"), '{"id":"torn","comment":"cut o');
      rmSync(join(root, "graph/held/layer"), { recursive: true });
      await graph.close();
    },
  });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

function steps(page: Page): Promise<string[]> {
  return page.locator("ol.history li a").allTextContents();
}

describe("the page of an image", () => {
  it("folds a deep history, with the command of each layer, and shows all of it when asked", async () => {
    await dashboard.visit(`/images/${top}`, "read", async (page) => {
      const ends = [...[39, 38, 37, 36, 35].map(idOf), ...[4, 3, 2, 1, 0].map(idOf)];
      await expect.poll(() => steps(page)).toEqual(ends);
      await page.getByText("/bin/sh -c make step 37", { exact: true }).waitFor();
      await page.getByText("30 between these").waitFor();
      await page.getByRole("button", { name: "Show all 40" }).click();
      const whole = page.getByRole("grid", { name: "The whole history" });
      await whole.getByRole("link", { name: idOf(30) }).waitFor();
      expect(await whole.getAttribute("aria-rowcount")).toBe(String(depth + 1));
      const inGraph = page.getByRole("link", { name: "Show in graph" });
      expect(await inGraph.getAttribute("href")).toBe(`/graph?selected=${top}`);
    });
  });

  it("shows long names whole on a phone, and takes one away, the last after it has asked", async () => {
    await dashboard.visit(
      `/images/${top}`,
      "full",
      async (page) => {
        await page.getByText(longName).last().waitFor();
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
        await page.getByRole("button", { name: "Untag app:latest" }).click();
        await expect.poll(() => page.getByRole("button", { name: /^Untag / }).count()).toBe(1);
        await page.getByRole("button", { name: `Untag ${longName}` }).click();
        const dialog = page.getByRole("dialog", { name: "Take away the last name of the image?" });
        await dialog.getByRole("button", { name: "Keep" }).click();
        expect((await dashboard.get(`images/${top}`)).names).toEqual([longName]);
        await page.getByRole("button", { name: `Untag ${longName}` }).click();
        await dialog.getByRole("button", { name: "Untag" }).click();
        await page.getByText("It has none.").first().waitFor();
        await page.getByRole("button", { name: "Tag…" }).click();
        await page.getByRole("dialog").getByLabel("Name").fill("app:2");
        await page.keyboard.press("Enter");
        await page.getByRole("heading", { name: /app:2/ }).waitFor();
      },
      { viewport: { width: 320, height: 800 } },
    );
  });

  it("shows of a broken image what is wrong, what mends it, and its record", async () => {
    await dashboard.visit("/images/torn", "full", async (page, allow) => {
      allow(/status of 409/);
      const alert = page.getByRole("alert").filter({ hasText: "IMAGE_BROKEN: unreadable-record" });
      await alert.getByText("stevedore check --repair will move it to lost+found.").waitFor();
      expect(await page.locator("pre.json").textContent()).toBe('{"id":"torn","comment":"cut o');
      await page.getByText("torn:latest").first().waitFor();
    });
    await dashboard.visit("/images/held", "full", async (page, allow) => {
      allow(/status of 409/);
      await page.getByText("leaves it as it is: people must decide.").waitFor();
      await page.getByRole("button", { name: "Delete the image held" }).click();
      await page.getByRole("dialog", { name: "None of these can be deleted" }).waitFor();
    });
  });

  it("deletes after it has asked", async () => {
    await dashboard.visit("/images/doomed", "full", async (page, allow) => {
      allow(/status of 404/);
      await page.getByRole("button", { name: "Delete…" }).click();
      const dialog = page.getByRole("dialog", { name: "Delete 1 image?" });
      await dialog.getByRole("button", { name: "Keep" }).click();
      expect(existsSync(join(dashboard.root, "graph/doomed"))).toBe(true);
      await page.getByRole("button", { name: "Delete…" }).click();
      await dialog.getByRole("button", { name: "Delete" }).click();
      await page.getByText("there is no image").waitFor();
    });
  });

  it("lists the images that an ambiguous prefix may mean, with their names", async () => {
    await dashboard.visit("/images/twin", "read", async (page, allow) => {
      allow(/status of 409/);
      await page.getByRole("heading", { name: "Images that begin so" }).waitFor();
      await page.getByText("twins/first:latest").waitFor();
      await page.getByRole("link", { name: "twin-2" }).click();
      await page.waitForURL(/twin-2$/);
      expect(await page.getByRole("button", { name: /Delete|Verify|Mount/ }).count()).toBe(0);
    });
  });
});

describe("the list of names", () => {
  it("finds, gives and takes names", async () => {
    await dashboard.visit("/names", "full", async (page) => {
      const names = page.getByRole("grid", { name: "Names" }).getByRole("rowheader");
      await page.getByLabel("Image", { exact: true }).fill("twin-2");
      await page.getByLabel("Name", { exact: true }).fill("twins/second");
      await page.keyboard.press("Enter");
      await expect.poll(() => names.allTextContents()).toContain("twins/second:latest");
      await page.getByRole("searchbox", { name: "Search" }).fill("twins");
      await page.waitForURL(/\/names\?text=twins/);
      await expect.poll(() => names.allTextContents()).toEqual(["twins/first:latest", "twins/second:latest"]);
      await page.reload();
      await expect.poll(() => names.count()).toBe(2);
      await page.getByRole("button", { name: "Untag twins/second:latest" }).click();
      const dialog = page.getByRole("dialog", { name: "Take away the last name of the image?" });
      await dialog.getByRole("button", { name: "Untag" }).click();
      await expect.poll(() => names.allTextContents()).toEqual(["twins/first:latest"]);
    });
    await dashboard.visit("/names?text=nothing", "read", async (page) => {
      await page.getByText("No name matches.").waitFor();
      expect(await page.getByRole("button", { name: /Tag/ }).count()).toBe(0);
    });
  });
});
