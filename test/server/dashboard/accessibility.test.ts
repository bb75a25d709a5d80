// Every page of the dashboard, in light, dark and forced colours, looked at by axe.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessibilityFaults } from "../../support/dashboard/accessibility.js";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

const ids = { base: `ab12${"0".repeat(60)}`, app: `ab34${"1".repeat(60)}` };
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  await dashboard.store(ids.base, 100_000, { comment: "the base" });
  await dashboard.store(ids.app, 100_000, { parent: ids.base, comment: "the app" });
  await dashboard.run("checksum", { id: ids.base });
  await dashboard.run("checksum", { id: "0000" });
  await dashboard.run("tag", { id: ids.app, name: "app:1" });
  mkdirSync(join(dashboard.root, "graph/torn"));
  writeFileSync(join(dashboard.root, "graph/torn/json"), "{");
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

/** Each path, and what is there when the page shows all that it asks the server for. */
const pages = [
  ["/", "table.jobs, section h2"],
  ["/images", "tbody th a"],
  ["/graph", "[role=application]"],
  ["/names", "tbody th a"],
  ["/jobs", "td"],
  ["/add", "form.job-form"],
  ["/mounts", "form.job-form"],
  ["/exports", "form.job-form"],
  ["/schedules", "form.job-form"],
  ["/garbage", "form.job-form"],
  ["/search?q=ab", ".found-images li"],
  ["/jobs?state=failed", ".row-actions"],
  [`/images/${ids.app}`, ".history li"],
  [`/images/${ids.app}/files?layer=${ids.app}&file=%2Fdata`, ".preview p:not([role])"],
  [`/compare?a=${ids.base}&b=${ids.app}`, ".files li"],
  ["/images/torn", "pre.json"],
] as const;

describe("a page has no fault that axe finds", () => {
  it.each(pages)("%s", async (path, whole) => {
    await dashboard.visit(path, "full", async (page, allow) => {
      // What a broken image is answered with.
      if (path === "/images/torn") allow(/status of 409/);
      await page.locator(whole).first().waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  it("the list below the search field", async () => {
    await dashboard.visit("/jobs", "full", async (page) => {
      await page.getByRole("combobox", { name: "Search images and jobs" }).fill("ab");
      await page.getByRole("listbox", { name: "Found" }).getByRole("option").first().waitFor();
      await page.keyboard.press("ArrowDown");
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });
});
