// The page of the exports, as somebody uses it: make one, fetch it, remove it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  await dashboard.store("base", 1_000, { comment: "the base" });
  await dashboard.store("app", 1_000, { parent: "base", comment: "the app" });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

describe("the page of the exports", () => {
  it("makes an export of several images, hands it out, and removes it once it was asked", async () => {
    await dashboard.visit("/exports?image=app", "full", async (page, allow) => {
      allow(/status of 422/);
      await page.getByText("There are none.").waitFor();
      const form = page.getByRole("form", { name: "Export images" });
      expect(await form.getByLabel("Images").inputValue()).toBe("app");
      await form.getByLabel("Images").fill("app base");
      await form.getByLabel("Format").selectOption("oci");
      await form.getByLabel("Layers", { exact: true }).selectOption("xz");
      await form.getByLabel("File").fill("both.tar");
      await page.keyboard.press("Enter");
      await form.getByRole("alert").getByText("OCI has no layers in xz").waitFor();
      await form.getByLabel("Layers", { exact: true }).selectOption("zstd");
      await form.getByLabel("File").press("Enter");

      const row = page.getByRole("row", { name: /^both\.tar/ });
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        row.getByRole("link", { name: "both.tar" }).click(),
      ]);
      expect(download.suggestedFilename()).toBe("both.tar");
      const fetched = readFileSync(await download.path());
      expect(fetched.equals(readFileSync(join(dashboard.root, "outbox/both.tar")))).toBe(true);

      await form.getByRole("button", { name: "Export" }).click();
      await page.getByText("an export overwrites nothing").waitFor();
      await row.getByRole("button", { name: "Remove both.tar" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("There are none.").waitFor();
      expect((await dashboard.get("exports")).exports).toEqual([]);
    });
  });

  it("lets whoever may only read fetch one, and shows no button", async () => {
    await dashboard.run("export", { ids: ["base"], format: "docker", file: "base.tar" });
    await dashboard.visit("/exports", "read", async (page) => {
      await page.getByRole("link", { name: "base.tar" }).waitFor();
      expect(await page.locator("main form, main button").count()).toBe(0);
    });
  });
});
