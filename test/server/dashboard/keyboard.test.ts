// The whole way of an image by the keyboard alone: stored, checksummed, a failed job tried again, deleted.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

/** How many stops of the Tab key a page may have before what is looked for. */
const mostStops = 150;

/** Presses Tab until what has this name has the focus, as somebody does who sees where it is. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const seen: string[] = [];
  for (let stop = 0; stop < mostStops; stop++) {
    const focused = await page.evaluate<string>(`(() => {
      const { activeElement: it } = document;
      const text = it?.matches("a, button") ? it.innerText : "";
      return (it?.getAttribute("aria-label") ?? it?.labels?.[0]?.innerText ?? text).trim();
    })()`);
    if (name.test(focused)) return;
    seen.push(focused.slice(0, 40));
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not come to ${name}; it came to ${[...new Set(seen)].join(" | ")}`);
}

async function press(page: Page, name: RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press("Enter");
}

it("stores, checksums, retries and deletes by the keyboard alone", async () => {
  const archive = dashboard.archive("typed", 100_000);
  await dashboard.run("checksum", { id: "no-such-image" });
  await dashboard.visit("/", "full", async (page, allow) => {
    // The image when it has been deleted.
    allow(/status of 404/);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await press(page, /^Add$/);
    await page.waitForURL(/\/add$/);
    await page.getByRole("button", { name: "Pull" }).waitFor();
    await tabTo(page, /Drop archives here/);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
    await chooser.setFiles(archive);
    const card = page.getByRole("region", { name: "Upload of typed.tar" });
    await card.getByText("on the server", { exact: true }).waitFor();
    await tabTo(page, /^Name$/);
    await page.keyboard.type("typed:1");
    await page.keyboard.press("Enter");
    await card.getByText("completed").waitFor();
    await press(page, /^[0-9a-f]{12}$/);

    await page.getByRole("heading", { name: /^Image typed:1/ }).waitFor();
    await press(page, /^Checksum$/);
    await page.getByRole("article", { name: "Checksum by the recipe xz-6" }).waitFor();

    await page.goto(`${dashboard.url}/jobs?state=failed`);
    await page.getByRole("button", { name: /^Retry the job checksum/ }).waitFor();
    const endOf = async () => (await dashboard.get("jobs?name=checksum&state=failed")).jobs[0]?.finishedAt;
    const before = await endOf();
    await press(page, /^Retry the job checksum/);
    await expect.poll(async () => ((await endOf()) ?? before) > before).toBe(true);

    await page.goto(`${dashboard.url}/images/typed:1`);
    await page.getByRole("button", { name: "Delete…" }).waitFor();
    await press(page, /^Delete…$/);
    const dialog = page.getByRole("dialog", { name: "Delete 1 image?" });
    await dialog.waitFor();
    await press(page, /^Delete$/);
    await page.getByText("there is no image").waitFor();
    expect((await dashboard.get("images")).images).toEqual([]);
  });
});
