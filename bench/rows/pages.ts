// The dashboard in a browser, on a graph of many images: until the first rows of the list are there, and the picture.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startBrowser } from "../../test/support/http/browser.js";
import { type Dock, startProcess } from "../dock.js";
import { makeGraph } from "../make-graph.js";
import { median, type Row, timed } from "../row.js";
import { binary } from "../stevedore.js";

const rounds = 5;
const lists = [
  { count: 10_000, atMost: 500 },
  { count: 100_000, atMost: 1_000 },
] as const;
const picture = { count: 10_000, atMost: 1_500 } as const;

export async function measurePages({ scratch, redis }: Dock): Promise<Row[]> {
  await using browser = await startBrowser();
  const rows: Row[] = [];
  for (const { count, atMost } of lists) {
    const root = join(scratch, `pages-${count}`);
    mkdirSync(root);
    makeGraph(root, { count });
    const graph = `pages-${count}`;
    const args = ["server", "--listen", "0", "--redis", redis, "--root", root, "--graph", graph];
    await using server = await startProcess([binary, ...args], { ready: "listening on" });
    const url = /http:\/\/[^ ]+/.exec(server.said)?.[0] ?? "";
    /** A page of its own for each visit, after one that fills the browser's caches. In ms, until a frame shows `seen`. */
    const visit = async (path: string, seen: string) => {
      await using opened = await browser.open({ viewport: { width: 1280, height: 800 } });
      const { page } = opened;
      // Told by the page itself: who asks it from outside asks it twice a second in the end.
      await page.addInitScript(tellWhenSeen(seen));
      const begun = Date.now();
      await page.goto(url + path, { waitUntil: "commit" });
      return Number(await page.evaluate("globalThis.seenAt")) - begun;
    };
    const measure = async (path: string, seen: string) => {
      await visit(path, seen);
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        // The browser is still closing the page before.
        await sleep(1_000);
        times.push(await visit(path, seen));
      }
      return median(times);
    };
    // The first count of all begins when the server does.
    const counted = await timed(() => fetch(`${url}/api/v1/images?offset=0&limit=1`));
    const row = (what: string, ours: number, target: number | null): Row => ({
      ...{ what, against: "-", on: `${count.toLocaleString("en")} images` },
      ...{ ours, peer: null, unit: "ms", value: ours },
      target: target === null ? null : { atMost: target },
    });
    const shown = await measure("/images", "tbody th a");
    rows.push(
      row("the first count of the images after the server's start", counted, null),
      row("the list of images in a browser, to its first rows", shown, atMost),
    );
    if (count !== picture.count) continue;
    const drawn = await measure("/graph", `[role=application][aria-label$=" ${count} images"]`);
    rows.push(row("the picture of the graph in a browser", drawn, picture.atMost));
  }
  return rows;
}

/** Runs in the page: promises the time of the frame after the first element of a selector, in ms since the epoch. */
const tellWhenSeen = (selector: string) => `
  globalThis.seenAt = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (document.querySelector(${JSON.stringify(selector)}) === null) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(Date.now());
        port2.postMessage(null);
      });
    }).observe(document, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
  });
`;
