// The dashboard where the system forces its own colours on it, as Windows does for high contrast.
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";
import { writeGraph } from "../../support/images/graph-on-disk.js";
import { realistic } from "../../support/images/graph-shapes.js";

const nodes = realistic(60);
const options = { forcedColors: "active", reducedMotion: "reduce" } as const;
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard({ prepare: async (root) => writeGraph(root, nodes) });
});
afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

/** How a system colour of that name looks on the page's ground, as red, green and blue: some let it shine through. */
function systemColour(page: Page, name: string): Promise<string> {
  return page.evaluate(`(() => {
    const probe = document.createElement("i");
    probe.style.cssText = "forced-color-adjust: none";
    document.body.append(probe);
    const copy = document.createElement("canvas");
    const context = copy.getContext("2d");
    const fill = (name) => {
      probe.style.color = name;
      context.fillStyle = getComputedStyle(probe).color;
      context.fillRect(0, 0, 1, 1);
    };
    fill("Canvas");
    fill("${name}");
    probe.remove();
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(" ");
  })()`);
}

/** The colours that a picture shows on at least twenty pixels. @param source an expression of what can be drawn */
function coloursOf(page: Page, source: string): Promise<string[]> {
  return page.evaluate(`(async () => {
    const source = await ${source};
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [source.width, source.height];
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const counts = new Map();
    for (let at = 0; at < data.length; at += 4) {
      const colour = data[at] + " " + data[at + 1] + " " + data[at + 2];
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    return [...counts].filter(([, count]) => count >= 20).map(([colour]) => colour);
  })()`);
}

/** The same of what is on the screen. */
async function coloursOfShot(page: Page, part: Locator): Promise<string[]> {
  const png = (await part.screenshot()).toString("base64");
  const bytes = `Uint8Array.from(atob("${png}"), (letter) => letter.charCodeAt(0))`;
  return coloursOf(page, `createImageBitmap(new Blob([${bytes}], { type: "image/png" }))`);
}

/** What the style of an element is. */
function styleOf(element: Locator, property: string): Promise<string> {
  return element.evaluate((each, name) => {
    const { getComputedStyle } = globalThis as unknown as {
      getComputedStyle(element: unknown): { getPropertyValue(name: string): string };
    };
    return getComputedStyle(each).getPropertyValue(name);
  }, property);
}

it("draws the picture, what is found, what is selected and the minimap in the system's colours", async () => {
  const use = async (page: Page) => {
    const picture = () => coloursOf(page, 'document.querySelector(".picture-stage > canvas")');
    await page.getByRole("application", { name: "60 images" }).waitFor();
    const [ground, text, highlight, link] = await Promise.all(
      ["Canvas", "CanvasText", "Highlight", "LinkText"].map((name) => systemColour(page, name)),
    );
    await expect.poll(picture).toEqual(expect.arrayContaining([ground, text]));
    expect(await picture()).not.toContain(highlight);

    const field = page.getByRole("combobox", { name: "Search images and jobs" });
    await field.fill("openssl");
    await expect.poll(picture).toContain(link);
    const options = page.getByRole("listbox", { name: "Found" }).getByRole("option");
    await options.first().waitFor();
    await field.press("ArrowDown");
    expect(await styleOf(options.nth(0), "outline-style")).toBe("solid");
    expect(await styleOf(options.nth(1), "outline-style")).toBe("none");
    await field.press("Enter");
    await page.getByRole("region", { name: "Selected image" }).waitFor();
    await expect.poll(picture).toContain(highlight);
    const minimap = () => coloursOf(page, 'document.querySelector(".picture-minimap canvas")');
    await expect.poll(minimap).toContain(highlight);

    // The colours are read anew when the system gives them back.
    await page.emulateMedia({ forcedColors: "none", colorScheme: "dark" });
    await expect.poll(picture).not.toContain(ground);
  };
  await dashboard.visit("/graph", "full", use, options);
});

it("marks the current entry of the navigation by more than a background, on each page", async () => {
  const use = async (page: Page) => {
    for (const [path, current] of [
      ["/", "Overview"],
      ["/graph", "Graph"],
      ["/jobs", "Jobs"],
    ] as const) {
      await page.goto(dashboard.url + path);
      const entries = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
      await entries.first().waitFor();
      for (const entry of await entries.all()) {
        const isCurrent = (await entry.innerText()) === current;
        expect(await styleOf(entry, "text-decoration-line")).toBe(isCurrent ? "underline" : "none");
      }
    }
  };
  await dashboard.visit("/", "full", use, options);
});

it("shows how far bars are, and the lines of charts", async () => {
  const at = Date.UTC(2026, 0, 1);
  const use = async (page: Page) => {
    // An hour in which something happened.
    await page.route("**/api/v1/overview", async (route) => {
      const answer = await (await route.fetch()).json();
      const many = (value: (place: number) => number) =>
        Array.from({ length: 60 }, (_, place) => value(place));
      const queue = {
        waiting: many((place) => place),
        active: many(() => 0),
        delayed: many(() => 0),
        failed: many(() => 0),
      };
      const samples = {
        ...{ at: many((place) => at + place * answer.interval), queues: { store: queue, checksum: queue } },
        ...{
          completed: many((place) => 40 + 30 * Math.sin(place)),
          failed: many(() => 5),
          cancelled: many(() => 0),
        },
        ...{ compressedBytes: many(() => 1e6), diskFree: many(() => 1e9) },
      };
      await route.fulfill({ json: { ...answer, samples } });
    });
    await page.goto(dashboard.url);
    await page.locator(".chart canvas").first().waitFor();
    const [ground, text, highlight] = await Promise.all(
      ["Canvas", "CanvasText", "Highlight"].map((name) => systemColour(page, name)),
    );
    const chart = page.locator(".chart").first();
    // The lines of both series: jobs that are done, and those that failed.
    await expect
      .poll(() => coloursOfShot(page, chart))
      .toEqual(expect.arrayContaining([ground, text, highlight]));

    await page.evaluate(`document.querySelector("main").insertAdjacentHTML(
      "beforeend", '<p class="progress" id="bar"><progress max="1" value="0.5"></progress></p>')`);
    const bar = page.locator("#bar progress");
    expect(await coloursOfShot(page, bar)).toEqual(expect.arrayContaining([ground, highlight]));
    expect(await styleOf(bar, "border-top-style")).toBe("solid");
  };
  await dashboard.visit("/jobs", "full", use, options);
});

it("shows the form of the login with its borders", async () => {
  const use = async (page: Page) => {
    await page.context().clearCookies();
    await page.goto(`${dashboard.url}/login`);
    for (const part of [page.getByLabel("Token"), page.getByRole("button", { name: "Log in" })]) {
      expect(await styleOf(part, "border-top-style")).toBe("solid");
      expect(await styleOf(part, "border-top-color")).not.toBe(await styleOf(part, "background-color"));
    }
  };
  await dashboard.visit("/jobs", "full", use, options);
});
