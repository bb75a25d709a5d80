// Measures the picture of the graph in a browser: how long it takes to appear, and each frame while it is moved.
//
//   node scripts/build.mjs && npx tsx bench/picture.ts [IMAGES…]     default: 10000 100000
//
// Chromium draws without a GPU here, on the cores it shares with the page's own scripts.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { GraphNode } from "../src/server/dashboard/app/picture/layout/forest.js";
import { startBrowser } from "../test/support/http/browser.js";
import { realistic } from "../test/support/images/graph-shapes.js";

const app = fileURLToPath(new URL("../dist/server/dashboard/app", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const canvas = ".picture-stage > canvas";
const window = { width: 1280, height: 800 };

const counts = process.argv.slice(2).map(Number);
await using browser = await startBrowser();
console.log(
  "images   appears   zoom p50   p95   max      pan p50   p95   max    cards p50   p95   max   (ms)",
);
for (const count of counts.length > 0 ? counts : [10_000, 100_000]) {
  await using served = await serve(realistic(count));
  await using opened = await browser.open({ viewport: window });
  const { page } = opened;
  const began = performance.now();
  await page.goto(`${served.url}/graph`, { waitUntil: "commit" });
  await page.getByRole("application", { name: `${count} images` }).waitFor();
  const appeared = performance.now() - began;
  const box = (await page.locator(canvas).boundingBox()) ?? { x: 0, y: 0, width: 1, height: 1 };
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x, middle.y);

  const zoom = await framesDuring(page, async () => {
    for (let step = 0; step < 60; step++) await page.mouse.wheel(0, step < 30 ? -40 : 40);
  });
  const drag = async () => {
    await page.mouse.down();
    for (let step = 1; step <= 60; step++) {
      await page.mouse.move(middle.x + 200 * Math.sin(step / 10), middle.y + 100 * Math.sin(step / 7));
    }
    await page.mouse.up();
  };
  const pan = await framesDuring(page, drag);
  for (let step = 0; step < 60; step++) await page.mouse.wheel(0, -60);
  const cards = await framesDuring(page, drag);
  const cells = [zoom, pan, cards].map((times) =>
    [0.5, 0.95, 1].map((share) => quantile(times, share)).join(" "),
  );
  console.log(`${String(count).padStart(6)} ${appeared.toFixed(0).padStart(9)}   ${cells.join("   ")}`);
}

/**
 * The times between frames while something is done, in ms: 16.7 is the screen's own, more is a frame that came late.
 * A browser that cannot draw as fast as it is asked to lets the page wait for its next frame.
 */
async function framesDuring(page: Page, act: () => Promise<void>): Promise<number[]> {
  await page.evaluate(`(() => {
    const frames = (globalThis.measuredFrames = []);
    let last = performance.now();
    globalThis.isCounting = true;
    const tick = (now) => {
      frames.push(now - last);
      last = now;
      if (globalThis.isCounting) requestAnimationFrame(tick);
    };
    requestAnimationFrame((now) => {
      last = now;
      requestAnimationFrame(tick);
    });
  })()`);
  await act();
  return page.evaluate("(globalThis.isCounting = false, globalThis.measuredFrames)");
}

function quantile(times: readonly number[], share: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1).padStart(6);
}

/** Serves the built app, and a graph as its API answers it. */
async function serve(nodes: readonly GraphNode[]) {
  const graph = JSON.stringify({ nodes, edges: [] });
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/api/v1/graph") response.setHeader("content-type", "application/json").end(graph);
    else if (path === "/api/v1/events")
      response.writeHead(200, { "content-type": "text/event-stream" }).write("\n");
    else if (path.startsWith("/api/")) response.setHeader("content-type", "application/json").end("{}");
    else if (path.startsWith("/assets/")) {
      response.setHeader("content-type", types[extname(path)] ?? "text/plain");
      response.end(readFileSync(join(app, path.slice("/assets/".length))));
    } else response.setHeader("content-type", "text/html").end(readFileSync(join(app, "index.html")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
