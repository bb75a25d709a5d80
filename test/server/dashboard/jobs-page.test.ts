// The list of jobs and the page of one: found by what stands in the address, still under the reader, and acted upon.
import { afterAll, beforeAll, expect, it } from "vitest";
import { accessibilityFaults } from "../../support/dashboard/accessibility.js";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

const MiB = 1024 ** 2;
const id = `ab12${"0".repeat(60)}`;
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  await dashboard.store(id, 9 * MiB, {});
  for (const missing of ["0000", "1111", "2222"]) await dashboard.run("checksum", { id: missing });
  await dashboard.run("verify", { id });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

it("finds jobs by code and image, and retries and removes all that match, saying how many", async () => {
  await dashboard.visit("/jobs", "full", async (page) => {
    const rows = page.locator("tbody tr");
    await rows.first().waitFor();
    await page.getByRole("combobox", { name: "Code" }).selectOption("IMAGE_NOT_FOUND");
    await page.waitForURL(/code=IMAGE_NOT_FOUND/);
    expect(page.url()).toContain("state=failed");
    await expect.poll(() => rows.count()).toBe(3);
    await page.getByRole("combobox", { name: "When" }).selectOption("24h");
    await page.getByRole("searchbox", { name: "Image", exact: true }).fill("1111");
    await page.waitForURL(/image=1111/);
    await expect.poll(() => rows.count()).toBe(1);
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(3);

    await page.getByRole("button", { name: "Retry all that match…" }).click();
    const asked = page.getByRole("dialog", { name: "Retry 3 jobs?" });
    await asked.getByText("All that failed (code IMAGE_NOT_FOUND").waitFor();
    await asked.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("status").getByText("Retried 3 jobs.").waitFor();
    await expect
      .poll(async () => (await dashboard.get("jobs?code=IMAGE_NOT_FOUND")).jobs.length, { timeout: 30_000 })
      .toBe(3);

    await page.goto(`${dashboard.url}/jobs?state=failed&code=IMAGE_NOT_FOUND`);
    await expect.poll(() => rows.count()).toBe(3);
    await rows
      .first()
      .getByRole("button", { name: /^Remove the job checksum/ })
      .click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep" }).click();
    expect(await rows.count()).toBe(3);
    await rows
      .first()
      .getByRole("button", { name: /^Remove the job checksum/ })
      .click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await expect.poll(() => rows.count()).toBe(2);
    expect((await dashboard.get("jobs?code=IMAGE_NOT_FOUND")).jobs).toHaveLength(2);
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});

it("stays as it is under its reader, and says how many are new; a queue is paused and resumed", async () => {
  await dashboard.visit("/jobs", "full", async (page) => {
    const first = page.locator("tbody tr").first();
    await first.waitFor();
    const before = await page
      .locator("tbody tr th a")
      .evaluateAll((links) => links.map((link) => link.title));
    await page.getByRole("button", { name: "Pause the queue checksum" }).click();
    await page.getByText("The queue checksum is paused: its jobs wait.").waitFor();
    await dashboard.run("tag", { id, name: "web:1" });
    await dashboard.run("untag", { name: "web:1" });
    const newer = page.getByRole("status").getByRole("button", { name: "2 new: show" });
    await newer.waitFor();
    const titles = () =>
      page.locator("tbody tr th a").evaluateAll((links) => links.map((link) => link.title));
    expect(await titles()).toEqual(before);
    await newer.click();
    await expect.poll(async () => (await titles()).length).toBe(before.length + 2);
    expect(await page.evaluate("document.activeElement?.getAttribute('aria-label')")).toBe("Jobs");
    await page.getByRole("button", { name: "Resume the queue checksum" }).click();
    await page.getByText(/is paused/).waitFor({ state: "detached" });
  });
});

it("tells the life of a job: its waiting, its tries, its blocks, its image and its batch", async () => {
  const batch = await dashboard.run("checksum-graph", {});
  await dashboard.visit(`/jobs/checksum/${batch.id}.${id}`, "full", async (page) => {
    const timeline = page.locator('section:has(h2:text-is("Timeline")) li');
    await timeline.getByText("Completed", { exact: true }).waitFor();
    await timeline.filter({ hasText: /^Waited for a worker \d/ }).waitFor();
    await timeline.filter({ hasText: /^Try 1 on \S+ from 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d for / }).waitFor();
    await page.getByText("2 blocks of the layer:").waitFor();
    await page.getByText("2 made by the worker itself").waitFor();
    const time = timeline.locator("time").first();
    expect(await time.textContent()).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \(/);
    expect(await time.getAttribute("title")).toMatch(/^20\d\d-\d\d-\d\dT.*Z$/);
    await page.getByRole("button", { name: "Copy the job's id" }).waitFor();
    expect(await page.getByRole("link", { name: id }).getAttribute("href")).toBe(`/images/${id}`);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("link", { name: batch.id }).click();
    await page.getByText("The batch is done.").waitFor();
    await page.getByRole("button", { name: /^Remove the job checksum-graph/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("The record is gone.").waitFor();
  });
  await dashboard.visit("/jobs/checksum/nobody", "read", async (page, allow) => {
    allow(/status of 404/);
    await page.getByText(/has no job "nobody"/).waitFor();
    await page.locator("main").getByRole("link", { name: "all jobs" }).waitFor();
    expect(await page.getByRole("button").allInnerTexts()).toEqual(["Log out"]);
  });
});

it("shows a job that failed with what to do, and to a reader without", async () => {
  const { jobs } = await dashboard.get("jobs?state=failed&limit=1");
  const path = `/jobs/${jobs[0].queue}/${jobs[0].id}`;
  await dashboard.visit(path, "full", async (page) => {
    await page.getByRole("button", { name: /^Retry the job/ }).waitFor();
    await page.locator('.timeline [data-kind="failed"]').waitFor();
  });
  await dashboard.visit(path, "read", async (page) => {
    await page.locator(".timeline").waitFor();
    expect(await page.getByRole("button", { name: /Retry|Remove|Cancel/ }).count()).toBe(0);
  });
});
