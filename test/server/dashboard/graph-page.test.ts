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
/** The names of some of them, the longest wider than a card. */
const named = {
  "example.com/platform/payments-and-invoices": { "2.1": nodes[300]?.id, latest: nodes[300]?.id },
  web: { "1.2": nodes[40]?.id },
};
const scratch = useScratchDirectory();
let root: string;
let browser: TestBrowser;
let server: Running;
let url: string;

beforeAll(async () => {
  root = join(scratch.path, "root");
  writeGraph(root, nodes);
  writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: named }));
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
async function openGraph(page: Page, images = 1_000, query = ""): Promise<void> {
  await page.goto(`${url}/graph${query}`);
  await shows(page, images);
}

/** The one search of all pages. */
function searchField(page: Page) {
  return page.getByRole("combobox", { name: "Search images and jobs" });
}

async function shows(page: Page, images: number): Promise<void> {
  await page.getByRole("application", { name: `${images} images` }).waitFor();
}

/** The colours of a part of the canvas as numbers; what they are is up to the page. */
function pixelsOf(page: Page, width = "canvas.width", height = "canvas.height"): Promise<number[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector(".picture-stage > canvas");
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
  await page.locator(".picture-stage > canvas").focus();
  await page.keyboard.press("/");
  const wanted = nodes[700]?.id ?? "";
  await page.keyboard.type(wanted.slice(0, 9));
  await page.getByText("1 found").waitFor();
  await page.getByRole("option", { name: wanted.slice(0, 12) }).waitFor();
  await page.keyboard.press("Enter");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByText(wanted, { exact: true }).waitFor();
  await expect
    .poll(() => page.locator(".picture [aria-live=polite]").allTextContents())
    .toContainEqual(expect.stringContaining(`Image ${wanted.slice(0, 12)}`));

  await page.locator(".picture-stage > canvas").focus();
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
  const field = searchField(page);
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
  const field = searchField(page);
  const id = nodes[300]?.id ?? "";
  await field.fill(id);
  await field.press("Enter");
  await page.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => page.getByRole("region", { name: "Selected image" }).isHidden()).toBe(true);
  // What was found stands in the middle.
  const canvas = page.locator(".picture-stage > canvas");
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
  const field = searchField(page);
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
  const field = searchField(page);
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

/** What is written on the canvas from now on, beside what stands there. */
async function watchTexts(page: Page): Promise<void> {
  await page.addInitScript(`
    globalThis.drawnTexts = new Set();
    const { fillText } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
      globalThis.drawnTexts.add(text);
      return fillText.call(this, text, ...where);
    };`);
}
const textsOf = (page: Page) => page.evaluate<string[]>("[...globalThis.drawnTexts]");

it("calls images by their names, cut to the width, else by their comments, else by their ids", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await watchTexts(page);
  await openGraph(page);
  // From far, as on a map.
  await expect.poll(() => textsOf(page)).toContain("web:1.2");
  await openGraph(page, 1_000, `?selected=${nodes[300]?.id}`);
  await expect.poll(() => textsOf(page)).toContainEqual(expect.stringMatching(/^exam.*….*ces:2\.1$/));
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByRole("heading", { name: "example.com/platform/payments-and-invoices:2.1" }).waitFor();
  const plain = nodes.findIndex(({ comment, broken }) => comment === null && broken === undefined);
  const id = nodes[plain]?.id ?? "";
  await openGraph(page, 1_000, `?selected=${id}`);
  await expect.poll(() => textsOf(page)).toContain(id.slice(0, 12));
  await panel.getByRole("heading", { name: id.slice(0, 12) }).waitFor();
  await expect.poll(() => textsOf(page)).toContainEqual(expect.stringMatching(/^(COPY|redis|apt-get|nginx)/));
});

it("keeps what is shown in its address, from which another window and the way back show it again", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  const id = nodes[300]?.id ?? "";
  await openGraph(page, 1_000, "?selected=web:1.2");
  const panel = page.getByRole("region", { name: "Selected image" });
  await panel.getByRole("heading", { name: "web:1.2" }).waitFor();
  // The name has become its id, and the part in view is told.
  await page.waitForURL(/selected=[0-9a-f]{64}&x=\d+&y=\d+&k=0\.9/);
  const first = page.url();

  await searchField(page).fill("payments");
  await page.getByRole("option", { name: /payments-and-invoices/ }).click();
  await panel.getByText(id, { exact: true }).waitFor();
  await page.waitForURL(
    (to) => to.searchParams.get("selected") === id && to.searchParams.get("q") === "payments",
  );
  await page.getByText("1 of 1").waitFor();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await page.waitForURL((to) => Number(to.searchParams.get("k")) > 1);
  const second = page.url();

  await using other = await browser.open({ reducedMotion: "reduce", viewport: { width: 700, height: 900 } });
  await other.page.goto(second);
  await shows(other.page, 1_000);
  await other.page.getByRole("region", { name: "Selected image" }).getByText(id, { exact: true }).waitFor();
  await other.page.getByText("1 of 1").waitFor();
  await expect.poll(() => searchField(other.page).inputValue()).toBe("payments");
  // The same point is in the middle, and the zoom is the same, though the window has another shape.
  await other.page.getByRole("button", { name: "Close" }).click();
  await other.page.waitForURL((to) => !to.searchParams.has("selected"));
  const part = (address: string) =>
    ["x", "y", "k", "shape"].map((name) => new URL(address).searchParams.get(name));
  expect(part(other.page.url())).toEqual(part(second));

  await page.goBack();
  await panel.getByRole("heading", { name: "web:1.2" }).waitFor();
  await expect.poll(() => part(page.url())).toEqual(part(first));
  await page.goForward();
  await panel.getByText(id, { exact: true }).waitFor();
  await panel.getByRole("link", { name: "Open the image's page" }).click();
  await page.waitForURL(`${url}/images/${id}`);
  await page.goBack();
  await panel.getByText(id, { exact: true }).waitFor();
  await expect.poll(() => part(page.url())).toEqual(part(second));
  expect([...opened.complaints, ...other.complaints]).toEqual([]);
});

it("says that a link leads to no image, and shows the whole graph", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page, 1_000, "?selected=nobody");
  await page.getByText("The graph has no image nobody.").waitFor();
  await expect.poll(() => page.getByRole("region", { name: "Selected image" }).isHidden()).toBe(true);
  await searchField(page).fill("web:1.2");
  await searchField(page).press("Enter");
  await page.getByRole("heading", { name: "web:1.2" }).waitFor();
  await expect.poll(() => page.getByText("The graph has no image").isHidden()).toBe(true);
});

/** How much of the canvas' width and height the drawn part takes. */
function filledPart(page: Page): Promise<readonly [number, number]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector(".picture-stage > canvas");
    const { width, height } = canvas;
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [width, height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let at = 0; at < pixels.length; at++) {
      if (pixels[at] === pixels[0]) continue;
      const [x, y] = [at % width, Math.floor(at / width)];
      left = Math.min(left, x); right = Math.max(right, x); top = Math.min(top, y); bottom = Math.max(bottom, y);
    }
    return [(right - left) / width, (bottom - top) / height];
  })()`);
}

it("fills its canvas at first and in a window of another shape", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 500, height: 900 },
    { width: 1500, height: 620 },
  ]) {
    await page.setViewportSize(viewport);
    if (viewport.width === 1280) await openGraph(page);
    // The images are laid out anew for it; until then the old layout may be in view, which fills less.
    await expect
      .poll(() => filledPart(page).then(([w, h]) => [Math.min(w, h) > 0.66, Math.max(w, h) > 0.85, w, h]))
      .toEqual([true, true, expect.any(Number), expect.any(Number)]);
    // Nothing of the page lies below the window.
    expect(await page.evaluate("document.documentElement.scrollHeight - innerHeight")).toBeLessThanOrEqual(0);
  }
});

it("has a minimap where not all is in view, whose click moves there, as keys do", async () => {
  await using opened = await browser.open({ reducedMotion: "reduce" });
  const { page } = opened;
  await openGraph(page);
  const minimap = page.locator(".picture-minimap");
  await expect.poll(() => coloursOf(page)).toBeGreaterThan(5);
  expect(await minimap.isHidden()).toBe(true);
  for (let step = 0; step < 3; step++) await page.getByRole("button", { name: "Zoom in" }).click();
  await expect.poll(() => minimap.isVisible()).toBe(true);
  const middle = async () => {
    const { searchParams } = new URL(page.url());
    return { x: Number(searchParams.get("x")), y: Number(searchParams.get("y")) };
  };
  await page.waitForURL(/[?&]x=/);
  const before = await middle();
  const { width, height } = (await minimap.boundingBox()) ?? { width: 0, height: 0 };
  await minimap.click({ position: { x: 0.75 * width, y: 0.75 * height } });
  await expect
    .poll(async () => (await middle()).x > 1.2 * before.x && (await middle()).y > 1.2 * before.y)
    .toBe(true);

  const clicked = await middle();
  await page.locator(".picture-stage > canvas").focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await expect.poll(async () => (await middle()).x).toBeLessThan(clicked.x);
  await page.keyboard.press("Shift+ArrowUp");
  await expect.poll(async () => (await middle()).y).toBeLessThan(clicked.y);
  await page.keyboard.press("0");
  await expect.poll(() => minimap.isHidden()).toBe(true);
  await page.waitForURL(`${url}/graph`);
  expect(opened.complaints).toEqual([]);
});
