// The page of the garbage, as somebody uses it: first what would go, then its end.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  await dashboard.store("named", 1_000, { comment: "has a name" });
  await dashboard.run("tag", { id: "named", name: "web:1" });
  await dashboard.store("base", 1_000, { comment: "the base of garbage" });
  await dashboard.store("left", 1_000, { parent: "base", comment: "left over" });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

describe("the page of the garbage", () => {
  it("shows what would go, and deletes it only once it was asked for", async () => {
    await dashboard.visit("/garbage", "full", async (page) => {
      const form = page.getByRole("form", { name: "Look for garbage" });
      await form.getByLabel("Older than, in days").fill("2");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Nothing would go" }).waitFor();
      await page.getByText("too young").waitFor();
      await form.getByLabel("Older than, in days").fill("-1");
      await page.keyboard.press("Enter");
      await expect
        .poll(() => form.getByLabel("Older than, in days").getAttribute("aria-invalid"))
        .toBe("true");
      await form.getByLabel("Older than, in days").fill("");
      await page.keyboard.press("Enter");

      await page.getByRole("heading", { name: /^2 images of .* would go$/ }).waitFor();
      await page.getByRole("row", { name: "left over" }).waitFor();
      await page.getByRole("row", { name: "the base of garbage" }).waitFor();
      await page.getByRole("button", { name: "Delete them" }).click();
      const question = page.getByRole("dialog", { name: /^Delete 2 images of/ });
      await question.getByRole("button", { name: "Keep" }).click();
      expect((await dashboard.get("images")).images).toHaveLength(3);
      await page.getByRole("button", { name: "Delete them" }).click();
      await question.getByRole("button", { name: "Delete" }).click();
      await page.getByText(/^2 images of .* are deleted\.$/).waitFor();
      expect((await dashboard.get("images")).images).toHaveLength(1);
      await page.getByRole("link", { name: "gc", exact: true }).click();
      await page.getByRole("heading", { name: /gc/ }).waitFor();
    });
  });

  it("offers no button to whoever may only read", async () => {
    await dashboard.visit("/garbage", "read", async (page) => {
      await page.getByText("To look for it takes a token with the role full.").waitFor();
      expect(await page.locator("main form, main button").count()).toBe(0);
    });
  });
});
