// The one search of all pages, in a browser on a real server: by keyboard, by finger, and where something is away.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";
import { writeGraph } from "../../support/images/graph-on-disk.js";
import { realistic } from "../../support/images/graph-shapes.js";

const nodes = realistic(150).map(({ broken: _, ...node }) => ({
  ...node,
  comment: `a step of ${node.id.slice(0, 4)}`,
}));
const [web = "", shop = "", other = ""] = nodes.slice(20, 23).map(({ id }) => id);
const repositories = { web: { latest: web, "1.2": web }, "example.com/shop": { "1.2": shop, "1.20": other } };
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard({
    prepare: async (root) => {
      writeGraph(root, nodes);
      writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: repositories }));
    },
  });
});
afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

const fieldOf = (page: Page) => page.getByRole("combobox", { name: "Search images and jobs" });
const optionsOf = (page: Page) => page.getByRole("listbox", { name: "Found" }).getByRole("option");
const activeOf = (page: Page) =>
  page.getByRole("listbox", { name: "Found" }).getByRole("option", { selected: true });

it("finds names, ids and comments while one types, by the keyboard alone, from any page", async () => {
  await dashboard.visit("/jobs", "read", async (page) => {
    const field = fieldOf(page);
    await field.waitFor();
    await page.keyboard.press("/");
    await expect
      .poll(() => field.evaluate((input) => input === input.ownerDocument.activeElement))
      .toBe(true);
    expect(await field.getAttribute("aria-expanded")).toBe("false");
    await page.keyboard.type("1.2");
    await page
      .getByRole("group", { name: "Names" })
      .getByRole("option", { name: `example.com/shop:1.2 ${shop.slice(0, 12)}` })
      .waitFor();
    expect(await field.getAttribute("aria-expanded")).toBe("true");
    expect(await optionsOf(page).count()).toBe(3);

    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await expect
      .poll(() => activeOf(page).getAttribute("id"))
      .toBe(await field.getAttribute("aria-activedescendant"));
    // Escape closes the list, then empties the field; a slash is a letter there.
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("listbox", { name: "Found" }).isHidden()).toBe(true);
    expect(await field.inputValue()).toBe("1.2");
    await page.keyboard.press("Escape");
    await page.keyboard.type("com/shop");
    expect(await field.inputValue()).toBe("com/shop");

    await field.fill(web.slice(0, 12));
    await page
      .getByRole("group", { name: "Ids" })
      .getByRole("option", { name: web.slice(0, 12) })
      .waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${dashboard.url}/images/${web}`);
    await expect.poll(() => field.inputValue()).toBe("");

    await field.fill(`step ${nodes[99]?.id.slice(0, 4)}`);
    await page.getByRole("group", { name: "Comments" }).getByRole("option").first().waitFor();
  });
});

it("goes at once to what is meant without doubt, else to a page with all", async () => {
  await dashboard.visit("/", "read", async (page) => {
    const field = fieldOf(page);
    await field.fill("example.com/shop:1.2");
    await field.press("Enter");
    await page.waitForURL(`${dashboard.url}/images/${shop}`);
    await field.fill("web");
    await field.press("Enter");
    await page.waitForURL(`${dashboard.url}/images/${web}`);

    await field.fill("step");
    await field.press("Enter");
    await page.waitForURL(`${dashboard.url}/search?q=step`);
    await page.getByRole("heading", { name: "Images (150)" }).waitFor();
    expect(await page.locator(".found-images li").count()).toBe(100);
    await page.getByText("and 50 more").waitFor();
    expect(await field.inputValue()).toBe("step");

    await field.fill("no such thing");
    await page.getByRole("status").getByText("Nothing found.").waitFor();
    await field.press("Enter");
    await page.waitForURL(/q=no\+such\+thing/);
    await page.getByText("No image has a name, an id or a comment like this").waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Images (150)" }).waitFor();
  });
});

it("finds a job by its id, and the jobs about an image", async () => {
  const job = await dashboard.run("checksum", { id: shop });
  await dashboard.visit("/", "read", async (page) => {
    const field = fieldOf(page);
    await field.fill(job.id);
    await page
      .getByRole("group", { name: "Jobs" })
      .getByRole("option", { name: /^checksum, / })
      .waitFor();
    await field.press("Enter");
    await page.waitForURL(`${dashboard.url}/jobs/${job.queue}/${job.id}`);
    await page.goto(`${dashboard.url}/search?q=${shop}`);
    await page.getByRole("row", { name: /^checksum/ }).waitFor();
  });
});

it("takes a finger on a phone, without a page that scrolls sideways", async () => {
  const phone = { viewport: { width: 320, height: 640 }, hasTouch: true };
  await dashboard.visit(
    "/jobs",
    "read",
    async (page) => {
      const field = fieldOf(page);
      await field.tap();
      await field.fill("shop");
      const option = page.getByRole("option", { name: /shop:1\.20/ });
      await option.waitFor();
      expect((await option.boundingBox())?.height).toBeGreaterThanOrEqual(24);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
      await option.tap();
      await page.waitForURL(`${dashboard.url}/images/${other}`);
    },
    phone,
  );
});

it("asks once for what was typed last, and tells what went wrong", async () => {
  await dashboard.visit("/jobs", "read", async (page, allow) => {
    allow(/status of 503/);
    const asked: string[] = [];
    page.on("request", (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname === "/api/v1/search") asked.push(searchParams.get("q") ?? "");
    });
    const field = fieldOf(page);
    await field.pressSequentially("shop", { delay: 5 });
    await optionsOf(page).first().waitFor();
    expect(asked.at(-1)).toBe("shop");
    expect(asked.length).toBeLessThan(4);

    await page.route("**/api/v1/search?*", (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        body: JSON.stringify({ status: 503, code: "NO_SPACE", detail: "the disk is away" }),
      }),
    );
    await field.fill("web");
    await page.getByRole("status").getByText("NO_SPACE: the disk is away").waitFor();
    await page.unroute("**/api/v1/search?*");

    // A batch of jobs cannot be found while Redis is away, images can.
    await page.route("**/api/v1/search?*", async (route) => {
      const answer = await (await route.fetch()).json();
      await route.fulfill({ json: { ...answer, jobs: null } });
    });
    await field.fill("shop");
    await page.getByRole("status").getByText("Jobs are not searched: Redis does not answer.").waitFor();
    await optionsOf(page).first().waitFor();
  });
});
