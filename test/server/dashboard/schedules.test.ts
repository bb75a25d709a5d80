// The page of the schedules, as somebody uses it: set one, pause it, let it run, remove it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

describe("the page of the schedules", () => {
  it("shows when a schedule would run, sets it, pauses and resumes it, and removes it once it was asked", async () => {
    await dashboard.visit("/schedules", "full", async (page, allow) => {
      allow(/status of 422/);
      await page.getByText("Nothing is scheduled.").waitFor();
      const form = page.getByRole("form", { name: "Schedule a job" });
      await form.getByLabel("Job").selectOption("gc");
      await form.getByLabel("When").fill("61 3 * * *");
      await form.getByRole("status").getByText('cron "61 3 * * *": ').waitFor();
      await page.keyboard.press("Enter");
      await form.getByRole("alert").getByText('cron "61 3 * * *": ').waitFor();
      expect(await form.getByLabel("When").getAttribute("aria-invalid")).toBe("true");
      await form.getByLabel("When").fill("30 3 * * *");
      await expect.poll(() => form.locator('time[title$="T03:30:00.000Z"]').count()).toBe(3);
      await form.getByLabel("Keep the newest").fill("5");
      await form.getByLabel("Older than, in days").fill("1.5");
      await page.keyboard.press("Enter");
      await page.getByText("gc is set: it runs in").waitFor();
      const row = page.getByRole("row", { name: /^gc/ });
      await row.getByText("keep 5, olderMs 129600000").waitFor();

      await row.getByRole("button", { name: "Pause gc" }).click();
      await row.getByText("paused", { exact: true }).waitFor();
      expect((await dashboard.get("schedules")).schedules).toEqual([]);
      await row.getByRole("button", { name: "Resume gc" }).click();
      await row.getByText(/^in /).waitFor();
      expect((await dashboard.get("schedules")).schedules).toMatchObject([
        { id: "gc", data: { olderMs: 129_600_000, keep: 5 } },
      ]);
      await row.getByRole("button", { name: "Remove gc" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("Nothing is scheduled.").waitFor();
    });
  });

  it("shows as it happens how a run ended, and refuses data that is wrong beside its field", async () => {
    await dashboard.visit("/schedules", "full", async (page, allow) => {
      allow(/status of 422/);
      const form = page.getByRole("form", { name: "Schedule a job" });
      await form.getByLabel("Job").selectOption("pull");
      await form.getByLabel("When").fill("@daily");
      await form.getByLabel("Reference").fill("UPPER/case");
      await page.keyboard.press("Enter");
      await form.getByRole("alert").getByText('"UPPER/case" is not a valid').waitFor();
      expect(await form.getByLabel("Reference").getAttribute("aria-invalid")).toBe("true");
      await form.getByLabel("Job").selectOption("gc");
      await form.getByLabel("When").fill("* * * * * *");
      await page.keyboard.press("Enter");
      const row = page.getByRole("row", { name: /^gc/ });
      await row.getByText("completed").waitFor();
      await row.getByRole("button", { name: "Remove gc" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("Nothing is scheduled.").waitFor();
    });
  });

  it("shows who may only read the list, and no button", async () => {
    await dashboard.visit("/schedules", "read", async (page) => {
      await page.getByText("Nothing is scheduled.").waitFor();
      expect(await page.locator("main form, main button").count()).toBe(0);
    });
  });
});
