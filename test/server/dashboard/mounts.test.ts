// The page of the mounts, as somebody uses it: mount, look at the changes, commit, unmount.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";
import { unmountBelow } from "../../support/mounts/mounted.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  await dashboard.store("base", 1_000, { comment: "the base" });
});

afterAll(async () => {
  unmountBelow(dashboard.scratch);
  await dashboard[Symbol.asyncDispose]();
});

describe("the page of the mounts", () => {
  it("mounts an image, shows what was changed, commits that, and asks before it is lost", async () => {
    await dashboard.visit("/mounts", "full", async (page, allow) => {
      allow(/status of 422/);
      await page.getByText("Nothing is mounted.").waitFor();
      const form = page.getByRole("form", { name: "Mount an image" });
      await form.getByRole("button", { name: "Mount" }).click();
      await form.getByText("Fill this in.").waitFor();
      await form.getByLabel("Image").fill("base");
      await form.getByText("More options").click();
      await form.getByLabel("Options").fill("noexec lowerdir=/etc");
      await page.keyboard.press("Enter");
      await form
        .getByRole("alert")
        .getByText(/expected one of/)
        .waitFor();
      await form.getByLabel("Options").fill("noexec, noatime");
      await page.keyboard.press("Enter");
      const link = page.getByRole("rowheader").getByRole("link");
      await link.click();
      expect(new URL(page.url()).search).toMatch(/^\?mount=[0-9a-f]{16}$/);

      const card = page.getByRole("region", { name: /^Mount [0-9a-f]{16}$/ });
      await card.getByRole("button", { name: "Look for changes" }).click();
      await card.getByText("Nothing was changed.").waitFor();
      const [mount] = (await dashboard.get("mounts")).mounts;
      writeFileSync(join(mount.target, "greeting"), "hello");
      await card.getByRole("button", { name: "Look again" }).click();
      await card.getByText("1 added").waitFor();
      await card.getByText("A /greeting").waitFor();

      await card.getByRole("button", { name: /^Unmount/ }).click();
      await page.getByRole("dialog").getByText("A change in it would be gone.").waitFor();
      await page.keyboard.press("Escape");
      await card.getByLabel("Name", { exact: true }).fill("base:greeted");
      await card.getByLabel("Comment").fill("with a greeting");
      await page.keyboard.press("Enter");
      await card.getByText("base:greeted").waitFor();
      expect((await dashboard.get("images/base:greeted")).parent).toBe("base");

      await card.getByRole("button", { name: /^Unmount/ }).click();
      await page.getByRole("button", { name: "Unmount, and keep what was written" }).click();
      await page.getByRole("cell", { name: "unmounted", exact: true }).waitFor();
      await card.getByText("It was unmounted, and what was written to it kept").waitFor();
      await card.getByRole("button", { name: /^Unmount/ }).click();
      await page.getByRole("button", { name: "Unmount, and remove it" }).click();
      await page.getByText("This mount is no more.").waitFor();
      await page.getByText("Nothing is mounted.").waitFor();
    });
  });

  it("shows what others mount as it happens, explains what is stale, and unmounts what is not written to unasked", async () => {
    await dashboard.visit("/mounts", "full", async (page) => {
      await page.getByText("Nothing is mounted.").waitFor();
      const { result } = await dashboard.run("mount", { id: "base", readOnly: true });
      await page.getByText("read-only").waitFor();
      unmountBelow(dashboard.scratch);
      await page.goto(`${dashboard.url}/mounts?mount=${result.mountId}`);
      await page.getByText("The kernel has it no more, as after a reboot.").waitFor();
      await page.getByText("It takes no changes.").waitFor();
      await page.getByRole("button", { name: `Unmount ${result.mountId}` }).click();
      await page.getByText("This mount is no more.").waitFor();
    });
  });

  it("shows who may only read the list, and no button", async () => {
    const { result } = await dashboard.run("mount", { id: "base", driver: "copy" });
    await dashboard.visit(`/mounts?mount=${result.mountId}`, "read", async (page) => {
      await page.getByRole("heading", { name: `Mount ${result.mountId}` }).waitFor();
      expect(await page.locator("main form, main button").count()).toBe(0);
    });
  });
});
