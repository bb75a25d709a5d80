// The page that adds images, as somebody uses it: uploads that break off, jobs on what was uploaded, pull and push.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

const MiB = 1024 ** 2;
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard({ flags: ["--allow-registry", "registry.example"] });
  await dashboard.store("base", 1_000, { comment: "the base" });
  await dashboard.store("kept", 1_000, { comment: "to be pushed" });
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

/** Drops files of the disk onto the page, as the browser's own drag does. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const box = await page.getByText("Drop archives here").boundingBox();
  const at = { x: (box?.x ?? 0) + 5, y: (box?.y ?? 0) + 5 };
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}

describe("the page that adds images", () => {
  it("goes on with an upload of 20 MB where a page that was closed had left it, and stores it", async () => {
    const archive = dashboard.archive("large", 20 * MiB);
    await dashboard.visit("/add", "full", async (page) => {
      const network = await page.context().newCDPSession(page);
      const limits = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 8 * MiB };
      await network.send("Network.enable");
      await network.send("Network.emulateNetworkConditions", limits);
      await page.getByLabel("Drop archives here").setInputFiles(archive);
      const bar = page.getByRole("progressbar", { name: "Upload of large.tar" });
      await expect.poll(async () => Number(await bar.getAttribute("value"))).toBeGreaterThan(0.2);
      const context = page.context();
      await page.close();
      const next = await context.newPage();

      await next.goto(`${dashboard.url}/add`);
      const card = next.getByRole("region", { name: "Upload of large.tar" });
      await card.getByText("choose the same file again").waitFor();
      const [asked] = await Promise.all([
        next.waitForRequest((each) => /^bytes [1-9]/.test(each.headers()["content-range"] ?? "")),
        next.getByLabel("Drop archives here").setInputFiles(archive),
      ]);
      expect(asked.headers()["content-range"]).toMatch(/^bytes \d{6,}-\d+\/\d+$/);
      await card.getByText("on the server", { exact: true }).waitFor();
      expect(await card.getByLabel("A layer: the files of one image").isChecked()).toBe(true);
      await card.getByLabel("Name", { exact: true }).fill("large:1");
      await card.getByLabel("Parent").fill("base");
      // The proposals close, as for anyone who goes on by the keyboard.
      await next.keyboard.press("Tab");
      await next.keyboard.type("came by a browser");
      await next.keyboard.press("Enter");
      await card.getByText("completed").waitFor();
      await card.getByRole("link", { name: /^[0-9a-f]{12}$/ }).click();
      await next.getByText("came by a browser").first().waitFor();
      expect((await dashboard.get("images/large:1")).parent).toBe("base");
    });
  });

  it("pauses and resumes an upload, and gives one up, also while it is on its way", async () => {
    const archive = dashboard.archive("paused", 12 * MiB);
    await dashboard.visit("/add", "full", async (page, allow) => {
      // The request that is given up may not have ended on the server yet.
      allow(/status of 409/);
      const network = await page.context().newCDPSession(page);
      const limits = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4 * MiB };
      await network.send("Network.enable");
      await network.send("Network.emulateNetworkConditions", limits);
      await page.getByLabel("Drop archives here").setInputFiles(archive);
      const card = page.getByRole("region", { name: "Upload of paused.tar" });
      const bar = card.getByRole("progressbar");
      await expect.poll(async () => Number(await bar.getAttribute("value"))).toBeGreaterThan(0.1);
      await card.getByRole("button", { name: /^Pause/ }).click();
      await card.getByText("paused", { exact: true }).waitFor();
      await network.send("Network.emulateNetworkConditions", { ...limits, uploadThroughput: -1 });
      await card.getByRole("button", { name: /^Resume/ }).click();
      await card.getByText("on the server", { exact: true }).waitFor();
      await card.getByRole("button", { name: /^Cancel/ }).click();
      await expect.poll(() => card.count()).toBe(0);
      await network.send("Network.emulateNetworkConditions", limits);
      await page.getByLabel("Drop archives here").setInputFiles(archive);
      await expect.poll(async () => Number(await bar.getAttribute("value"))).toBeGreaterThan(0.1);
      await card.getByRole("button", { name: /^Cancel/ }).click();
      await expect.poll(() => card.count()).toBe(0);
      await page.reload();
      await page.getByText("Drop archives here").waitFor();
      expect(await card.count()).toBe(0);
    });
  });

  it("imports several archives that are dropped, and says what is none", async () => {
    await dashboard.run("tag", { id: "base", name: "base:1" });
    await dashboard.run("export", { ids: ["base"], format: "oci", file: "base.oci.tar" });
    await dashboard.run("delete", { id: "base", force: true });
    const text = join(dashboard.scratch, "letter.txt");
    const empty = join(dashboard.scratch, "empty.tar");
    const directory = join(dashboard.scratch, "a-directory");
    writeFileSync(text, "Dear Sir or Madam,\n".repeat(100));
    writeFileSync(empty, "");
    mkdirSync(directory);
    await dashboard.visit("/add", "full", async (page, allow) => {
      allow(/status of 422/);
      await page.getByRole("button", { name: "Pull" }).waitFor();
      await drop(page, [join(dashboard.root, "outbox/base.oci.tar"), text, empty, directory]);
      await page.getByText("empty.tar is empty: it is no archive.").waitFor();
      await page.getByText("a-directory is a directory: make an archive of it").waitFor();

      const image = page.getByRole("region", { name: "Upload of base.oci.tar" });
      await image.getByText("on the server", { exact: true }).waitFor();
      await image.getByRole("button", { name: "Import" }).click();
      await image.getByText("completed").waitFor();
      await image.getByText("base:1").waitFor();
      expect(await image.getByRole("link", { name: "base" }).getAttribute("href")).toBe("/images/base");

      const letter = page.getByRole("region", { name: "Upload of letter.txt" });
      await letter.getByText("This does not begin as a tar archive").waitFor();
      await letter.getByText("on the server", { exact: true }).waitFor();
      await letter.getByLabel("A layer: the files of one image").check();
      await letter.getByLabel("Name", { exact: true }).fill("Not/A/Name");
      await letter.getByRole("button", { name: "Store" }).click();
      await letter.getByRole("alert").getByText('"Not/A/Name" is not').waitFor();
      expect(await letter.getByLabel("Name", { exact: true }).getAttribute("aria-invalid")).toBe("true");
      await letter.getByLabel("Name", { exact: true }).fill("");
      await page.keyboard.press("Enter");
      await letter.getByText(/BAD_ARCHIVE/).waitFor();
      await letter.getByText("A layer is a tar archive, plain or compressed").waitFor();
    });
  });

  it("tells by a pull or a push of a registry that is not allowed what its operator can do", async () => {
    await dashboard.visit("/add", "full", async (page, allow) => {
      allow(/status of 422/);
      const pull = page.getByRole("form", { name: "Pull an image from a registry" });
      await pull.getByRole("button", { name: "Pull" }).click();
      await pull.getByText("Fill this in.").waitFor();
      await pull.getByLabel("Reference").fill("UPPER/case");
      await page.keyboard.press("Enter");
      await pull.getByRole("alert").getByText('"UPPER/case" is not a valid').waitFor();
      await pull.getByLabel("Reference").fill("elsewhere.example/team/web:1");
      await page.keyboard.press("Enter");
      await page.getByText(/SOURCE_FORBIDDEN/).waitFor();
      await page.getByText("its operator starts it with --allow-registry HOST").waitFor();

      const push = page.getByRole("form", { name: "Push an image to a registry" });
      await push.getByLabel("Image").fill("kept");
      await page.keyboard.press("Tab");
      await push.getByLabel("Target").fill("elsewhere.example/team/web:1");
      await page.keyboard.press("Enter");
      await page.getByText(/TARGET_FORBIDDEN/).waitFor();
    });
  });

  it("offers nothing to whoever may only read", async () => {
    await dashboard.visit("/add", "read", async (page) => {
      await page.getByText("You may look, but not add").waitFor();
      expect(await page.locator("main form, main button, main input").count()).toBe(0);
    });
  });
});
