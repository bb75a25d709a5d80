// The page of the graph, in a browser, on a real server with 1,000 images on its disk.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startBrowser, type TestBrowser } from "../../support/http/browser.js";
import { ask } from "../../support/http/http-server.js";
import { writeGraph } from "../../support/images/graph-on-disk.js";
import { realistic } from "../../support/images/graph-shapes.js";
import { type Running, startStevedore, stevedore } from "../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const nodes = realistic(1_000).map(({ broken, ...node }, place) => ({
  ...node,
  comment: place === 500 ? "<img src=x onerror=alert(1)>" : node.comment,
  ...(place === 999 && { broken: "IMAGE_BROKEN" }),
}));
const scratch = useScratchDirectory();
let root: string;
let browser: TestBrowser;
let server: Running;
let url: string;

beforeAll(async () => {
  root = join(scratch.path, "root");
  writeGraph(root, nodes);
  browser = await startBrowser();
  server = startStevedore(["up", "--listen", "127.0.0.1:0"], { root });
  await server.says(/listening on http/);
  await server.says(/serving/);
  url = /http:\/\/[\d.:]+/.exec(server.output())?.[0] ?? "";
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await server.stop();
});

/** Opens the page and waits until the picture shows that many images. */
async function openGraph(page: Page, images = 1_000): Promise<void> {
  await page.goto(`${url}/graph`);
  await shows(page, images);
}

async function shows(page: Page, images: number): Promise<void> {
  await page.getByRole("application", { name: `${images} images` }).waitFor();
}

/** The colours of a part of the canvas as numbers; what they are is up to the page. */
function pixelsOf(page: Page, width = "canvas.width", height = "canvas.height"): Promise<number[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector(".picture-stage canvas");
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, ${width}, ${height});
    return [...new Set(new Uint32Array(data.buffer))];
  })()`);
}

/** How many colours it has: a picture that was not drawn has one. */
async function coloursOf(page: Page): Promise<number> {
  return (await pixelsOf(page)).length;
}

it("finds an image by its prefix, selects it by the keyboard, and opens its page", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page);
  await expect.poll(() => coloursOf(page)).toBeGreaterThan(5);

  await page.keyboard.press("Tab");
  await page.locator(".picture-stage canvas").focus();
  await page.keyboard.press("/");
  const wanted = nodes[700]?.id ?? "";
  await page.keyboard.type(wanted.slice(0, 9));
  await page.getByText("1 found").waitFor();
  await page.getByRole("button", { name: wanted.slice(0, 12) }).waitFor();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByText(wanted, { exact: true }).waitFor();
  await expect
    .poll(() => page.locator(".picture [aria-live=polite]").allTextContents())
    .toContainEqual(expect.stringContaining(`Image ${wanted.slice(0, 12)}`));

  await page.locator(".picture-stage canvas").focus();
  await page.keyboard.press("ArrowLeft");
  const parent = nodes[700]?.parent ?? "";
  await panel.getByText(parent, { exact: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${url}/images/${parent}`);
  expect(opened.complaints).toEqual([]);
  expect([...opened.origins]).toEqual([url]);
});

it("shows what stands in a record as text, and counts the words that were found", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page);
  const field = page.getByRole("searchbox", { name: /beginning of an id/ });
  await field.fill("ONERROR=alert");
  await page.getByText("1 found").waitFor();
  await field.press("Enter");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByText("<img src=x onerror=alert(1)>", { exact: true }).waitFor();

  await field.fill("openssl update");
  const count = nodes.filter(({ comment }) => comment?.includes("openssl")).length;
  await page.getByText(`${count} found`).waitFor();
  await field.press("Enter");
  await field.press("Enter");
  await page.getByText(`2 of ${count}`).waitFor();
  await field.fill("nothing has this");
  await page.getByText("0 found").waitFor();
  expect(opened.complaints).toEqual([]);
});

it("zooms by buttons and wheel, selects by a click, and shows the whole again", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page);
  const field = page.getByRole("searchbox", { name: /beginning of an id/ });
  const id = nodes[300]?.id ?? "";
  await field.fill(id);
  await field.press("Enter");
  await page.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => page.getByRole("region", { name: "Selected image" }).isHidden()).toBe(true);
  // What was found stands in the middle.
  const canvas = page.locator(".picture-stage canvas");
  const { width, height } = (await canvas.boundingBox()) ?? { width: 0, height: 0 };
  const panel = page.getByRole("region", { name: "Selected image" });
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.getByRole("button", { name: "Zoom out" }).click();
  await page.getByRole("button", { name: "Show the whole graph" }).click();
  const whole = await coloursOf(page);
  await canvas.hover();
  await page.mouse.wheel(0, -600);
  await expect.poll(() => coloursOf(page)).not.toBe(whole);
  await page.keyboard.press("Escape");
  await field.press("Enter");
  await panel.getByText(id, { exact: true }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => panel.isHidden()).toBe(true);
  const left = (width - 20 * 16 - 12) / 2;
  await canvas.click({ position: { x: Math.round(left), y: Math.round(height / 2) } });
  await expect.poll(() => panel.isVisible()).toBe(true);
  expect(opened.complaints).toEqual([]);
});

it("is drawn anew when the colours change, fits a phone, and takes a finger", async () => {
  const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, reducedMotion: "reduce" as const };
  await using opened = await browser.open({ ...phone, colorScheme: "light" });
  const { page } = opened;
  await openGraph(page);
  const corner = async () => (await pixelsOf(page, "1", "1"))[0];
  const light = await corner();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(corner).not.toBe(light);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);

  // The selected image stands in the middle of what the panel leaves.
  const id = nodes[300]?.id ?? "";
  const field = page.getByRole("searchbox", { name: /beginning of an id/ });
  await field.fill(id);
  await field.press("Enter");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByText(id, { exact: true }).waitFor();
  const stage = (await page.locator(".picture-stage").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const covered = (await panel.boundingBox())?.height ?? 0;
  await page.getByRole("button", { name: "Close" }).tap();
  await expect.poll(() => panel.isHidden()).toBe(true);
  await page.touchscreen.tap(stage.x + stage.width / 2, stage.y + (stage.height - covered) / 2);
  await panel.getByText(id, { exact: true }).waitFor();
  expect(opened.complaints).toEqual([]);
});

it("shows an image that is stored meanwhile, and keeps the selection", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page);
  const field = page.getByRole("searchbox", { name: /beginning of an id/ });
  const parent = nodes[40]?.id ?? "";
  await field.fill(parent);
  await field.press("Enter");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByText(parent, { exact: true }).waitFor();

  const layer = join(scratch.path, "layer");
  mkdirSync(layer);
  writeFileSync(join(layer, "hello"), "");
  const args = ["store", layer, "--id", "added-meanwhile", "--parent", parent, "--comment", "brand new"];
  expect(await stevedore(args, { root })).toMatchObject({ code: 0 });
  await shows(page, 1_001);
  await panel.getByText(parent, { exact: true }).waitFor();
  await field.fill("added-mean");
  await field.press("Enter");
  await panel.getByText("brand new").waitFor();

  const deleted = await ask(url, "/api/v1/jobs/delete?wait=60", { body: { id: "added-meanwhile" } });
  expect(deleted).toMatchObject({ status: 200 });
  await shows(page, 1_000);
  await expect.poll(() => panel.isHidden()).toBe(true);
  expect(opened.complaints).toEqual([]);
});

it("says why there is no picture", async () => {
  await using opened = await browser.open();
  const { page } = opened;
  await page.route("**/api/v1/graph", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify({ status: 503, code: "QUEUE_UNAVAILABLE", detail: "Redis is away" }),
    }),
  );
  await page.goto(`${url}/graph`);
  await page.getByRole("alert").getByText("QUEUE_UNAVAILABLE: Redis is away").waitFor();
  await page.unroute("**/api/v1/graph");
  // It is tried again by itself.
  await shows(page, 1_000);
  await expect.poll(() => page.locator(".graph-page [role=alert]").textContent()).toBe("");
});
