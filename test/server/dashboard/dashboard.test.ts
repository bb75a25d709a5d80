// The dashboard as somebody sees it: a real browser, server, worker and Redis.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compressorKeys, jobNames, keyPrefix, queueNames } from "../../../src/jobs/index.js";
import { startBrowser, type TestBrowser } from "../../support/http/browser.js";
import { type Running, startStevedore } from "../../support/processes/stevedore.js";
import { tellOfCompressor } from "../../support/redis/compressor-status.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";

const MiB = 1024 ** 2;
const tokens = { full: "full-token-0123456789", read: "read-token-0123456789" } as const;
const ids = { base: `ab12${"0".repeat(60)}`, app: `ab34${"1".repeat(60)}`, big: `cd56${"2".repeat(60)}` };
const evil = '<img src="/nowhere" onerror="document.title=\'taken over\'">';

let scratch: string;
let redis: TestRedis;
let up: Running;
let browser: TestBrowser;
let url: string;
const cookies: Record<string, string> = {};

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "stevedore-dashboard-"));
  const root = join(scratch, "root");
  mkdirSync(root);
  [redis, browser] = await Promise.all([startRedis(), startBrowser()]);
  up = startStevedore(["up", "--redis", redis.url, "--listen", "0", "--allow-source", scratch], {
    root,
    env: { STEVEDORE_TOKEN: tokens.full, STEVEDORE_READ_TOKEN: tokens.read },
  });
  await up.says(/ serving /);
  url = /listening on (\S+)/.exec(up.output())?.[1] ?? "";
  for (const [role, token] of Object.entries(tokens)) {
    const body = new URLSearchParams({ token });
    const response = await fetch(`${url}/login`, { method: "POST", body, redirect: "manual" });
    cookies[role] = /=([^;]+)/.exec(response.headers.get("set-cookie") ?? "")?.[1] ?? "";
  }
  await store(ids.base, 3 * MiB, { comment: evil });
  await store(ids.app, 2 * MiB, { parent: ids.base, comment: "the app" });
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await up.stop();
  await redis[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

describe("the dashboard", () => {
  it("lets in whoever has a token, to where they wanted, until they log out", async () => {
    await using opened = await browser.open();
    const { page, complaints } = opened;
    await page.goto(`${url}/jobs?state=failed`);
    await page.getByLabel("Token").fill("a-token-of-somebody-else");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("alert").getByText("This token is not known here.").waitFor();
    await page.getByLabel("Token").fill(tokens.full);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Jobs" }).waitFor();
    expect(page.url()).toBe(`${url}/jobs?state=failed`);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Token").waitFor();
    await page.goto(url);
    expect(page.url()).toBe(`${url}/login`);
    expect(complaints.filter((line) => !/status of 401/.test(line))).toEqual([]);
  });

  it("shows a batch live, from its start by a button to its sums", async () => {
    await visit("/", "full", async (page) => {
      await page.getByRole("button", { name: "Checksum all" }).click();
      await page.waitForURL(/\/batches\//);
      await page
        .getByRole("progressbar", { name: /^Layer of ab/ })
        .first()
        .waitFor();
      const whole = page.getByRole("progressbar", { name: "The whole batch" });
      await expect.poll(async () => Number(await whole.getAttribute("value"))).toBeGreaterThan(0);
      await page.getByText("The batch is done.").waitFor();
      expect(await fact(page, "Computed")).toBe("2");
      expect(await fact(page, "Failed")).toBe("0");
    });
  });

  it("finds an image by the beginning of its id, and shows what anyone can check of it", async () => {
    await visit("/", "full", async (page) => {
      const find = page.getByRole("combobox", { name: "Search images and jobs" });
      await find.fill("ab");
      await find.press("Enter");
      await page.getByRole("heading", { name: "Found for “ab”" }).waitFor();
      await page.getByRole("link", { name: ids.base.slice(0, 12) }).click();
      await page.getByRole("heading", { name: /^Image ab12/ }).waitFor();
      await page.getByText(evil).first().waitFor();
      await expect.poll(() => page.title()).toBe(`Image ${ids.base.slice(0, 12)} · Stevedore`);

      const checksums = page.getByRole("article", { name: "Checksum by the recipe xz-6" });
      const line = await checksums.locator("pre").innerText();
      const printed = execFileSync("bash", ["-c", line], { encoding: "utf8" }).slice(0, 64);
      expect(await checksums.locator("code").innerText()).toBe(`sha256:${printed}`);
      await page.getByRole("link", { name: ids.app.slice(0, 12) }).click();
      await page.getByRole("heading", { name: /^Image ab34/ }).waitFor();
      await expect.poll(() => page.locator(".history li").count()).toBe(2);

      await page.getByRole("button", { name: "Verify" }).click();
      await page.getByText("The layer is the one that was stored").waitFor();
    });
  });

  it("offers every kind of job and every queue as a filter of the jobs", async () => {
    await visit("/jobs", "read", async (page) => {
      const kinds = page.getByLabel("Kind");
      expect(await kinds.locator("option").allTextContents()).toEqual(["all", ...jobNames]);
      const queues = page.getByRole("combobox", { name: "Queue", exact: true }).locator("option");
      expect(await queues.allTextContents()).toEqual(["all", ...queueNames]);
      await kinds.selectOption("export");
      await page.waitForURL(`${url}/jobs?name=export`);
      await page.getByText("There are no such jobs.").waitFor();
    });
  });

  it("tells of a queue that is paused, until it is resumed", async () => {
    const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = new Queue("mount", { connection, prefix: keyPrefix("default") });
    await queue.pause();
    for (const path of ["/", "/jobs"]) {
      await visit(path, "read", (page) =>
        page.getByText("The queue mount is paused: its jobs wait.").waitFor(),
      );
    }
    await queue.resume();
    await visit("/jobs", "read", async (page) => {
      await page.getByRole("table").first().waitFor();
      expect(await page.getByText(/is paused/).count()).toBe(0);
    });
    await queue.close();
    connection.disconnect();
  });

  it("cancels a job that is at work", async () => {
    await store(ids.big, 48 * MiB, {});
    await visit(`/images/${ids.big}`, "full", async (page) => {
      await page.getByRole("button", { name: "Checksum" }).click();
      await page.getByRole("button", { name: /^Cancel the job checksum/ }).click();
      await page.getByText(/^CANCELLED: /).waitFor();
      await page.getByRole("link", { name: "checksum", exact: true }).click();
      await page.getByRole("heading", { name: "Job checksum" }).waitFor();
      // It is no fault.
      await page
        .getByRole("status")
        .getByText(/^CANCELLED: /)
        .waitFor();
    });
    await visit("/jobs?state=cancelled", "read", (page) =>
      page
        .getByText(/^CANCELLED: /)
        .first()
        .waitFor(),
    );
    await visit("/jobs?state=failed", "read", async (page) => {
      await page.getByRole("heading", { name: "Jobs" }).waitFor();
      await expect.poll(() => page.getByText(/There are no such jobs|: /).count()).toBeGreaterThan(0);
      expect(await page.getByText(/^CANCELLED: /).count()).toBe(0);
    });
  });

  it("shows the next run of a schedule among the schedules, and not as a batch or as work that waits", async () => {
    const headers = { authorization: `Bearer ${tokens.full}`, "content-type": "application/json" };
    const body = JSON.stringify({ name: "verify-graph", data: {}, cron: "0 3 1 1 *" });
    const answer = await fetch(`${url}/api/v1/schedules`, { method: "POST", headers, body });
    const { id } = (await answer.json()) as { readonly id: string };
    await visit("/", "read", async (page) => {
      await page.getByText(/0 3 1 1 \*/).waitFor();
      expect(await fact(page, "Waiting")).toBe("0");
      expect(await fact(page, "Due later")).toBe("1");
      expect(await page.locator('section:has(h2:text-is("Batches")) [data-state="delayed"]').count()).toBe(0);
    });
    await visit("/jobs?state=delayed", "read", (page) => page.getByText(/^due in \d/).waitFor());
    await fetch(`${url}/api/v1/schedules/${id}`, {
      ...{ method: "DELETE", headers: { authorization: `Bearer ${tokens.full}` } },
    });
  });

  it("shows compressors live, with what is wrong with one, in both colours and on a phone", async () => {
    const client = new Redis(redis.url);
    const use = async (page: Page) => {
      const card = page.locator('section:has(h2:text-is("Compressors"))');
      await card.getByText("No compressor has told of itself lately: workers compress alone.").waitFor();
      await tellOfCompressor(client, "default", "a.1.x", { host: "helper", version: "9.9.9" });
      await card.getByText("3 of 4 slots busy, 0 blocks wait").waitFor();
      const row = card.getByRole("row", { name: /^helper/ });
      expect((await row.getByRole("cell").allTextContents()).map((text) => text.trim())).toEqual([
        ...["3 of 4", "12", "96.0 MiB", "32.0 MiB"],
        ...[expect.stringMatching(/ago$/), "9.9.9, xz 5.4.1"],
      ]);
      expect(await namelessControls(page)).toEqual([]);
      await client.set(compressorKeys("default").refusal("a.1.x"), evil);
      await card.getByText(`Shut out: ${evil}`).waitFor();
      await page.setViewportSize({ width: 320, height: 640 });
      for (const colours of ["light", "dark"]) {
        await page.getByLabel("Colours").selectOption(colours);
        await expect.poll(() => contrastOf(page, "section .reason")).toBeGreaterThan(4.5);
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBe(320);
      }
      await client.del(compressorKeys("default").of("a.1.x"));
      await card.getByText("No compressor has told of itself lately").waitFor();
    };
    try {
      await visit("/", "read", use);
    } finally {
      client.disconnect();
    }
  });

  it("retries a failed job in Bull Board", async () => {
    const archive = join(scratch, "late.tar");
    const id = `ef78${"3".repeat(60)}`;
    const failed = await post("store", { image: { id }, layer: { path: archive } });
    expect(failed.code).toBe("SOURCE_NOT_FOUND");
    makeArchive("late", 1024);
    await visit(`/queues/queue/store/${failed.job}?status=failed`, "full", async (page) => {
      // Its buttons are pictures without a name.
      await page.locator("button:has(svg.lucide-refresh-cw)").last().click();
      await page.getByRole("alertdialog").getByRole("button", { name: "Confirm" }).click();
      await expect
        .poll(async () => (await get(`jobs/store/${failed.job}`)).state, { timeout: 60_000 })
        .toBe("completed");
    });
    expect((await get(`images/${id}`)).id).toBe(id);
  });

  it("offers no button to whoever may only look, and does nothing for them", async () => {
    await visit("/", "read", async (page, allow) => {
      await page.getByRole("heading", { name: "Workers" }).waitFor();
      await expect.poll(() => page.getByRole("button").allInnerTexts()).toEqual(["Log out"]);
      allow(/status of 403/);
      const status = await page.evaluate(
        async () => (await fetch("/api/v1/jobs/verify-graph", { method: "POST", body: "{}" })).status,
      );
      expect(status).toBe(403);
      await page.goto(`${url}/queues/queue/checksum?status=failed`);
      await page.getByText("CANCELLED").first().waitFor();
      expect(await page.locator("button:has(svg:is(.lucide-refresh-cw, .lucide-trash))").count()).toBe(0);
    });
  });

  it("says that Redis is away, and goes on when it is back", async () => {
    await visit("/", "full", async (page, allow) => {
      await page.getByRole("heading", { name: "Workers" }).waitFor();
      allow(/status of 503|ERR_/);
      await redis.kill();
      await page
        .getByRole("status")
        .getByText(/^Redis is away/)
        .waitFor();
      await page.locator(".notice.bad").waitFor();
      await redis.start();
      await page.getByText(/^Redis is away/).waitFor({ state: "detached" });
      await page.locator(".notice.bad").waitFor({ state: "detached" });
      const job = await post("verify", { id: ids.base });
      await page.getByRole("link", { name: "Jobs" }).click();
      await page.locator(`a[title="${job.id}"]`).waitFor();
    });
  });

  it("can be used by keyboard alone, with a name for every control", async () => {
    await visit("/", "full", async (page) => {
      await page.getByRole("heading", { name: "Workers" }).waitFor();
      await page.getByRole("button", { name: "Verify all" }).waitFor();
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe("Skip to the content");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe("Checksum all");
      // Round the page and back to its beginning.
      const seen: string[] = [];
      for (let presses = 0; presses < 200 && seen.at(-1) !== "Skip to the content"; presses++) {
        await page.keyboard.press("Tab");
        seen.push(await focused(page));
      }
      expect(seen).toContain("Verify all");
      expect(seen.at(-1)).toBe("Skip to the content");
      for (const path of ["/", "/jobs", `/images/${ids.base}`, "/graph"]) {
        await openFully(page, path);
        expect([path, await namelessControls(page)]).toEqual([path, []]);
      }
    });
  });

  it("fits a phone, and is dark or light as the reader chooses", async () => {
    await visit(
      "/",
      "full",
      async (page) => {
        for (const path of ["/", "/jobs", `/images/${ids.base}`]) {
          await openFully(page, path);
          const width = await page.evaluate<number>("document.documentElement.scrollWidth");
          expect([path, width]).toEqual([path, 320]);
        }
        const background = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
        const dark = await background();
        await page.getByLabel("Colours").selectOption("light");
        await expect.poll(background).not.toBe(dark);
        const light = await background();
        await page.reload();
        await expect.poll(background).toBe(light);
      },
      { viewport: { width: 320, height: 640 }, colorScheme: "dark" },
    );
  });
});

/** Opens a page as somebody with that role. It must neither complain, but for what is allowed, nor ask another host. */
async function visit(
  path: string,
  role: keyof typeof tokens,
  use: (page: Page, allow: (complaint: RegExp) => void) => Promise<void>,
  options = {},
): Promise<void> {
  await using opened = await browser.open(options);
  const { page, complaints, origins } = opened;
  const allowed: RegExp[] = [];
  await page.context().addCookies([{ name: "stevedore-session", value: cookies[role] ?? "", url }]);
  await page.goto(url + path);
  await use(page, (complaint) => allowed.push(complaint));
  expect(complaints.filter((line) => !allowed.some((each) => each.test(line)))).toEqual([]);
  expect([...origins]).toEqual([url]);
}

/** Opens a page and waits until it shows what it asks the server for. */
async function openFully(page: Page, path: string): Promise<void> {
  await page.goto(url + path);
  const last: Record<string, string> = {
    "/": 'h2:text-is("Workers")',
    "/jobs": "td",
    "/graph": "[role=application]",
  };
  await page
    .locator(last[path] ?? ".history li")
    .first()
    .waitFor();
}

/** A figure of a page by its name. */
function fact(page: Page, name: string): Promise<string> {
  return page.locator(`dl.facts div:has(dt:text-is("${name}")) dd`).innerText();
}

/** The name of what has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate<string>(`
    document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.innerText?.trim() ?? ""
  `);
}

/** How much the colour of a text differs from what it stands on, as WCAG 2 has it: from 1 to 21. */
function contrastOf(page: Page, selector: string): Promise<number> {
  return page.evaluate<number>(`(() => {
    const text = document.querySelector(${JSON.stringify(selector)});
    let ground = text;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    const light = (colour) => {
      const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
      const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const both = [getComputedStyle(text).color, getComputedStyle(ground).backgroundColor].map(light);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  })()`);
}

/** What can be used or read and is called nothing. */
function namelessControls(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, progress, canvas")]
      .filter((element) => {
        const name = element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText;
        const text = element.tagName === "SELECT" ? "" : element.innerText;
        return !name && !text && element.closest("[aria-hidden=true]") === null;
      })
      .map((element) => element.outerHTML)
  `);
}

/** Stores an image of one file that does not compress. */
async function store(id: string, bytes: number, image: object): Promise<void> {
  const answer = await post("store", { image: { id, ...image }, layer: { path: makeArchive(id, bytes) } });
  expect(answer.state).toBe("completed");
}

function makeArchive(name: string, bytes: number): string {
  const directory = join(scratch, `${name}.d`);
  mkdirSync(directory);
  writeFileSync(join(directory, "data"), randomBytes(bytes));
  const archive = join(scratch, `${name}.tar`);
  execFileSync("tar", ["-C", directory, "-cf", archive, "."]);
  return archive;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by name
async function post(job: string, data: unknown): Promise<any> {
  const headers = { authorization: `Bearer ${tokens.full}`, "content-type": "application/json" };
  const response = await fetch(`${url}/api/v1/jobs/${job}?wait=60`, {
    ...{ method: "POST", headers, body: JSON.stringify(data) },
  });
  return await response.json();
}

// biome-ignore lint/suspicious/noExplicitAny: the same
async function get(path: string): Promise<any> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${tokens.read}` },
  });
  return await response.json();
}
