// The pages of what is inside an image, and of two images compared, in a browser.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LayeredImages, layImages } from "../../support/dashboard/layered-images.js";
import { type ServedDashboard, serveDashboard } from "../../support/dashboard/served-dashboard.js";

let dashboard: ServedDashboard;
let images: LayeredImages;

beforeAll(async () => {
  dashboard = await serveDashboard({
    prepare: async (root) => {
      images = await layImages(root);
    },
  });
});
afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

const files = (page: Page) => page.getByRole("region", { name: "Files", exact: true });
const namesIn = (page: Page) => files(page).locator(".name, .fold").allInnerTexts();

describe("inside an image", () => {
  it("shows its layers with their commands and sizes, the waste, and the files as a tree", async () => {
    await dashboard.visit(`/images/${images.top}`, "read", async (page) => {
      await page.getByRole("link", { name: "Files", exact: true }).click();
      const layers = page.getByRole("region", { name: "Layers" });
      await layers.getByText("COPY app /srv/app").waitFor();
      expect(await layers.getByRole("listitem").allInnerTexts()).toEqual([
        "All layers",
        expect.stringMatching(/^fe0+ 8 B\s*COPY app \/srv\/app$/),
        expect.stringMatching(/^ac0+ 2\.8 MiB, 1\.9 MiB wasted\s*RUN apt-get update/),
        expect.stringMatching(/^ba0+ \d+ B, 5 B wasted\s*ADD rootfs.tar \/$/),
      ]);
      await page.getByText("Efficiency").waitFor();
      const waste = page.getByRole("region", { name: "Wasted" });
      expect(await waste.getByRole("row").allInnerTexts()).toEqual([
        expect.stringMatching(/Wasted\s+Times\s+Path/),
        expect.stringMatching(/^1\.9 MiB\s+1\s+\/etc\/gone deleted$/),
        expect.stringMatching(/^9 B\s+2\s+\/etc\/version replaced$/),
      ]);
      expect(await page.title()).toContain("Files of");
      await files(page).getByRole("button", { name: "etc/" }).click();
      await files(page).getByRole("link", { name: "version", exact: true }).waitFor();
      expect(new URL(page.url()).searchParams.get("open")).toBe("/etc");
      await files(page).getByRole("button", { name: "many/" }).press("Enter");
      await files(page).getByRole("button", { name: "Show more" }).click();
      await files(page).getByRole("button", { name: "Show more" }).click();
      await expect
        .poll(() =>
          files(page)
            .getByRole("link", { name: /^file-/ })
            .count(),
        )
        .toBe(450);
    });
  });

  it("tells what a layer adds, changes and deletes; its address holds the state", async () => {
    const address = `/images/${images.top}/files?layer=${images.top}&open=%2Fetc`;
    await dashboard.visit(address, "read", async (page) => {
      await files(page).getByText("version").waitFor();
      const rows = await files(page).getByRole("listitem").locator("> .row").allInnerTexts();
      expect(rows.map((row) => row.replaceAll(/\s+/g, " "))).toEqual([
        expect.stringMatching(/^etc\/ changed /),
        expect.stringMatching(/^gone deleted 1\.9 MiB /),
        expect.stringMatching(/^version Download changed 4 B /),
        expect.stringMatching(/^srv\/ added /),
      ]);
      await page.getByRole("link", { name: "All layers" }).click();
      await files(page).getByText("binary").waitFor();
      await page.goBack();
      await files(page).getByText("gone").waitFor();
    });
  });

  it("finds, shows and downloads files; what they hold or are called is never taken for a page", async () => {
    await dashboard.visit(`/images/${images.top}/files`, "read", async (page) => {
      await page.getByRole("searchbox", { name: "Search in the paths" }).fill("onerror");
      await expect
        .poll(() => namesIn(page))
        .toEqual([expect.stringContaining('/<img src=x onerror="document')]);
      expect(new URL(page.url()).searchParams.get("search")).toBe("onerror");
      await files(page)
        .getByRole("link", { name: /onerror/ })
        .first()
        .click();
      const preview = page.locator(".preview pre");
      expect(await preview.textContent()).toContain('<script>document.title="hacked"</script>');
      expect(await page.locator("main img, main script").count()).toBe(0);
      expect(await page.title()).toContain("Files of");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator(".preview").getByRole("link", { name: "Download" }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(/\.html$/);

      const shown = async (search: string, name: string | RegExp) => {
        await page.getByRole("searchbox", { name: "Search in the paths" }).fill(search);
        await files(page).getByRole("link", { name }).first().click();
        await page.locator(".preview pre, .preview p:not([role])").first().waitFor();
        return page.locator(".preview").textContent();
      };
      expect(await shown("n\\x0al", /x0al/)).toContain("odd");
      expect(await shown("binary", "/binary")).toContain("3 B that are no text");
      expect(await shown("empty", "/empty")).toContain("The file is empty");
      await page.getByRole("searchbox", { name: "Search in the paths" }).fill("nothing-so");
      await page.getByText("No path has this text.").waitFor();
    });
  });

  it("says what is wrong where there is no such image", async () => {
    await dashboard.visit("/images/none/files", "read", async (page, allow) => {
      allow(/404/);
      await page.getByText('there is no image "none"').first().waitFor();
      expect(await page.getByText("Nothing lies here").count()).toBe(0);
    });
  });
});

describe("two images compared", () => {
  it("shows what differs of their configs, steps and files, and keeps it in the address", async () => {
    await dashboard.visit("/compare", "read", async (page) => {
      await page.getByLabel("First image").fill(images.top);
      await page.getByLabel("Second image").fill(images.other);
      await page.getByRole("button", { name: "Compare" }).press("Enter");
      const config = page.getByRole("region", { name: "Config" });
      await config.getByText("Env MODE").waitFor();
      const rows = await config.getByRole("row").allInnerTexts();
      expect(rows.slice(1).map((row) => row.replaceAll(/\s+/g, " "))).toEqual([
        "Env MODE new old",
        'Cmd ["/bin/sh"] ["/srv/other"]',
      ]);
      const history = page.getByRole("region", { name: "History" });
      await history.getByText("The first 2 steps are the same.").waitFor();
      expect((await history.getByRole("listitem").allInnerTexts()).join()).toMatch(
        /COPY app \/srv\/app.*COPY other \/srv\/other/s,
      );
      const changed = async () =>
        (await files(page).getByRole("listitem").allInnerTexts()).map((row) => row.replaceAll(/\s+/g, " "));
      await expect
        .poll(changed)
        .toEqual([
          expect.stringMatching(/^\/etc changed .*mtime$/),
          "/etc/gone added 1.9 MiB",
          "/etc/version deleted 4 B",
          expect.stringMatching(/^\/srv changed .*mtime$/),
          "/srv/app deleted 4 B",
          "/srv/other added 6 B",
        ]);
      await page.getByLabel("Kind").selectOption("deleted");
      await expect.poll(changed).toEqual(["/etc/version deleted 4 B", "/srv/app deleted 4 B"]);
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
        ...{ a: images.top, b: images.other, kind: "delete" },
      });
      await page.reload();
      await expect.poll(changed).toHaveLength(2);
      await page.getByRole("link", { name: "Swap" }).click();
      await expect.poll(changed).toEqual(["/etc/gone deleted 1.9 MiB", "/srv/other deleted 6 B"]);
    });
  });
});

it("both pages fit a narrow screen", async () => {
  for (const path of [
    `/images/${images.top}/files?open=%2Froot&open=%2Fetc&layer=${images.base}&file=%2Fbinary`,
    `/compare?a=${images.base}&b=${images.top}`,
  ]) {
    await dashboard.visit(
      path,
      "read",
      async (page) => {
        await files(page).getByRole("listitem").first().waitFor();
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(320);
      },
      { viewport: { width: 320, height: 700 } },
    );
  }
});
