// The overview: alarms first, then lists that agree with the figures; and that no page takes an outage for "nothing".
import { Redis } from "ioredis";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WorkerStatus, workerStatusKeys } from "../../../src/jobs/index.js";
import { type ServedDashboard, serveDashboard, tokens } from "../../support/dashboard/served-dashboard.js";

const MiB = 1024 ** 2;
const ids = Array.from({ length: 8 }, (_, at) => `${at}f`.repeat(4) + "0".repeat(56));
let dashboard: ServedDashboard;

beforeAll(async () => {
  dashboard = await serveDashboard();
  for (const id of ids) await dashboard.store(id, 9 * MiB, {});
});

afterAll(async () => {
  await dashboard[Symbol.asyncDispose]();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by name
async function send(path: string, method = "POST", body: unknown = undefined): Promise<any> {
  const headers = {
    authorization: `Bearer ${tokens.full}`,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const response = await fetch(`${dashboard.url}/api/v1/${path}`, {
    ...{ method, headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return await response.json();
}

function card(page: Page, heading: string) {
  return page.locator(`section:has(h2:text-is("${heading}"))`);
}

function tile(page: Page, name: string) {
  return page.locator(`dl.facts div:has(dt:text-is("${name}")) dd`);
}

describe("the overview", () => {
  it("says that nothing is wrong, and then what is, with where to look and what to do", async () => {
    const client = new Redis(dashboard.redis.url);
    client.on("error", () => undefined);
    const keys = workerStatusKeys("default");
    const tell = async (more: Partial<WorkerStatus>) => {
      const status = {
        ...{
          id: "a.1.x",
          host: "elsewhere",
          graphId: "",
          pid: 1,
          version: "1",
          startedAt: 1,
          at: Date.now(),
        },
        ...{ threads: { total: 2, busy: 0 }, queues: { checksum: { concurrency: 2, active: 1 } } },
        ...{ disk: null, metrics: [], ...more },
      };
      await client.set(keys.of("a.1.x"), JSON.stringify(status), "PX", 600_000);
      await client.zadd(keys.ids, Date.now(), "a.1.x");
    };
    await dashboard.visit("/", "full", async (page) => {
      const alarms = page.getByRole("status", { name: "What is wrong" });
      await alarms.getByText("Nothing is wrong.").waitFor();
      await dashboard.run("checksum", { id: "0000" });
      await dashboard.run("checksum", { id: "1111" });
      await dashboard.run("verify", { id: ids[0] });
      await alarms.getByRole("link", { name: "3 jobs failed in the last 24 hours." }).waitFor();
      await tell({ draining: true, disk: { bytesFree: 10 * MiB, bytesTotal: 10_000 * MiB } });
      await alarms.getByText(/^The disk of elsewhere is full: 10(\.0)? MiB of 9\.\d+ GiB are free/).waitFor();
      await alarms.getByText(/^The worker of elsewhere is ending: it finishes 1 job/).waitFor();
      await send("queues/mount/pause");
      await alarms.getByRole("link", { name: "The queue mount is paused: its jobs wait." }).waitFor();
      await alarms.getByRole("button", { name: "Resume the queue mount" }).click();
      await alarms.getByText(/paused/).waitFor({ state: "detached" });

      // By code, and never the ids at their full length.
      const failures = card(page, "Failures");
      await failures.getByText("IMAGE_NOT_FOUND 2 jobs").waitFor();
      await failures.getByText("INVALID_JOB 1 job").waitFor();
      expect(await failures.locator(".reason").allTextContents()).not.toContainEqual(
        expect.stringMatching(/[0-9a-f]{64}/),
      );
      await failures.getByRole("link", { name: "All that failed with IMAGE_NOT_FOUND" }).click();
      await page.waitForURL(/\/jobs\?state=failed&code=IMAGE_NOT_FOUND$/);
      await expect.poll(() => page.locator("tbody tr").count()).toBe(2);
    });
    await client.del(keys.of("a.1.x"));
    await client.zrem(keys.ids, "a.1.x");
    client.disconnect();
  });

  it("tells of a batch that waits why, and which go first, and of schedules apart", async () => {
    await send("queues/checksum/pause");
    await send("jobs/checksum-graph", "POST", {});
    await send("jobs/verify-graph", "POST", {});
    await send("schedules", "POST", { name: "verify-graph", data: {}, cron: "0 3 1 1 *" });
    const cancelled = await send("jobs/checksum", "POST", { id: ids[1] });
    await send(`jobs/checksum/${cancelled.id}`, "DELETE");
    await dashboard.visit("/", "full", async (page) => {
      const batches = card(page, "Batches").getByRole("listitem");
      await batches.filter({ hasText: "checksum-graph" }).getByText("waits: the queue is paused").waitFor();
      const second = batches.filter({ hasText: "verify-graph" });
      await second.getByText("waits: the queue is paused; then 1 batch goes first").waitFor();
      expect(await batches.count()).toBe(2);
      await card(page, "Schedules").getByText("0 3 1 1 *").waitFor();
      expect(await tile(page, "Waiting").textContent()).toBe("2");
      expect(await tile(page, "Due later").textContent()).toBe("1");
      // What somebody asked for is no failure.
      expect(await tile(page, "Cancelled").textContent()).toBe("1");
      expect(await tile(page, "Failed").textContent()).toBe("3");
      expect(await card(page, "Failures").getByText("CANCELLED").count()).toBe(0);

      await page.getByRole("button", { name: "Resume the queue checksum" }).click();
      // The rows that a reader can take in; the figure is that of the tile, for both come from one answer.
      const work = card(page, "At work");
      await work.getByText(/\d+ more; \d+ waits? for a thread/).waitFor();
      const [shown, more, count] = await page.evaluate<[number, number, number]>(`(() => {
        const work = [...document.querySelectorAll("section")].find((one) => one.querySelector("h2")?.textContent === "At work");
        const tile = [...document.querySelectorAll("dl.facts div")].find((one) => one.querySelector("dt").textContent === "At work");
        return [work.querySelectorAll("tbody tr").length, parseInt(work.querySelector("p a").textContent), parseInt(tile.querySelector("dd").textContent)];
      })()`);
      expect(shown).toBe(5);
      expect(shown + more).toBe(count);

      await batches.filter({ hasText: "checksum-graph" }).getByRole("link").first().click();
      await page.getByRole("button", { name: /^Cancel the job checksum-graph/ }).click();
      await page.getByRole("dialog", { name: "Cancel the batch checksum-graph?" }).waitFor();
      await page.getByRole("button", { name: "Let it run" }).click();
      await page.getByRole("button", { name: /^Cancel the job checksum-graph/ }).click();
      await page.getByRole("button", { name: "Cancel the batch" }).click();
      await page.getByText("The batch was cancelled.").waitFor();
    });
  });

  it("has the same in its API, with the last hour or without", async () => {
    const { samples, jobs } = await dashboard.get("overview");
    expect(samples.at).toEqual(expect.any(Array));
    expect(jobs.failures.codes.map(({ code }: { code: string }) => code)).toContain("IMAGE_NOT_FOUND");
    const short = await dashboard.get("overview?samples=false");
    expect(Object.keys(short)).not.toContain("samples");
    expect((await dashboard.get("overview?samples=0")).code).toBe("INVALID_REQUEST");
  });
});

describe("with Redis away", () => {
  it("no page says that there is nothing, and each goes on when it is back", async () => {
    const job = await dashboard.run("verify", { id: "0000" });
    const pages = ["/", "/jobs", "/jobs?state=failed", `/jobs/checksum/${job.job}`, "/batches/any"];
    await dashboard.redis.kill();
    for (const path of pages) {
      await dashboard.visit(path, "full", async (page, allow) => {
        allow(/status of 503|ERR_/);
        await page.locator("main .notice.bad[role=alert]").first().waitFor();
        await page
          .getByRole("status")
          .getByText(/^Redis is away/)
          .waitFor();
        const text = await page.locator("main").innerText();
        expect([path, text]).toEqual([
          path,
          expect.not.stringMatching(/nothing|there are no|there is no|no batch|no worker|none|not found/i),
        ]);
      });
    }
    await dashboard.visit("/", "full", async (page, allow) => {
      allow(/status of 503|ERR_/);
      await page.locator("main .notice.bad[role=alert]").first().waitFor();
      await dashboard.redis.start();
      await card(page, "Failures")
        .getByText(/IMAGE_NOT_FOUND/)
        .first()
        .waitFor();
      await page.locator("main .notice.bad[role=alert]").waitFor({ state: "detached" });
    });
  });
});
