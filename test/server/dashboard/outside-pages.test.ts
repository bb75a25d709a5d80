// Pages that are not the app's: Bull Board and the API reference within the navigation, and what is not there.
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "../../support/dashboard/accessibility.js";
import { type ServedDashboard, serveDashboard, tokens } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

const outside = [
  ["/queues/", "Queues", "#root header"],
  ["/api/docs", "API", ".opblock"],
] as const;

it.each(outside)(
  "%s has the navigation, its own entry marked, and the way back by keyboard",
  async (...one) => {
    const [path, entry, content] = one;
    await dashboard.visit("/", "full", async (page) => {
      await page.getByRole("navigation").getByRole("link", { name: entry }).click();
      await page.waitForURL(new RegExp(`${path}/?$`));
      await page.locator(content).first().waitFor();
      const pages = page.getByRole("navigation", { name: "Pages of Stevedore" });
      expect(await pages.locator("[aria-current=page]").allTextContents()).toEqual([entry]);
      // Nothing of theirs lies over it.
      const box = await pages.getByRole("link", { name: "Overview" }).boundingBox();
      const top = await page.evaluate<string>(
        `document.elementFromPoint(${(box?.x ?? 0) + 5}, ${(box?.y ?? 0) + 5})?.textContent ?? ""`,
      );
      expect(top).toBe("Overview");
      expect(box?.height).toBeGreaterThanOrEqual(24);
      const faults = await accessibilityFaults(page);
      expect(faults.filter((fault) => /stevedore-|Pages of Stevedore/.test(fault))).toEqual([]);
      await page.evaluate("document.activeElement?.blur()");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement?.textContent")).toBe("Overview");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      // It has the colours that were chosen.
      await page.getByLabel("Colours").selectOption("dark");
      await page.goto(dashboard.url + path);
      await page.locator(".stevedore-header[data-theme=dark]").waitFor();
    });
  },
);

it("a browser is shown the way back from where nothing is; programs get a problem", async () => {
  await dashboard.visit("/nowhere/<b>", "read", async (page, allow) => {
    allow(/status of 404/);
    await page.getByRole("heading", { name: "Not found" }).waitFor();
    await page.getByText("/nowhere/%3Cb%3E").waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.locator("main").getByRole("link", { name: "jobs" }).click();
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
  });
  const ask = async (path: string, accept: string, authorization = `Bearer ${tokens.read}`) => {
    const response = await fetch(dashboard.url + path, {
      headers: { accept, ...(authorization && { authorization }) },
      redirect: "manual",
    });
    return [response.status, response.headers.get("content-type") ?? response.headers.get("location")];
  };
  const problem = "application/problem+json";
  const browser = "text/html,application/xhtml+xml,*/*;q=0.8";
  expect(await ask("/nowhere", browser)).toEqual([404, "text/html; charset=utf-8"]);
  expect(await ask("/nowhere", "*/*")).toEqual([404, expect.stringContaining(problem)]);
  expect(await ask("/api/v1/nowhere", browser)).toEqual([404, expect.stringContaining(problem)]);
  // Strangers are led to the login, also from pages of others.
  expect(await ask("/nowhere", browser, "")).toEqual([302, "/login?to=%2Fnowhere"]);
  expect(await ask("/api/docs", browser, "")).toEqual([302, "/login?to=%2Fapi%2Fdocs"]);
  expect(await ask("/api/v1/jobs", browser, "")).toEqual([401, expect.stringContaining(problem)]);
});
