// The dashboard as somebody sees it: a real browser in front of a real server, worker and Redis.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { startBrowser } from "../http/browser.js";
import { startStevedore } from "../processes/stevedore.js";
import { startRedis, type TestRedis } from "../redis/redis-server.js";

export const tokens = { full: "full-token-0123456789", read: "read-token-0123456789" } as const;
export type Role = keyof typeof tokens;

export interface ServedDashboard extends AsyncDisposable {
  readonly url: string;
  /** Archives below it may be stored. */
  readonly scratch: string;
  readonly root: string;
  readonly redis: TestRedis;
  /** Opens a page as somebody with that role. It must neither complain, but for what is allowed, nor ask another host. */
  visit(
    path: string,
    role: Role,
    use: (page: Page, allow: (complaint: RegExp) => void) => Promise<void>,
    options?: BrowserContextOptions,
  ): Promise<void>;
  /** Enqueues a job and returns its record when it has ended. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers by name
  run(job: string, data: unknown): Promise<any>;
  /** Asks for a path below `/api/v1/` as one who may only look. */
  // biome-ignore lint/suspicious/noExplicitAny: the same
  get(path: string): Promise<any>;
  /** Makes an archive of one file that does not compress. Returns its path. */
  archive(name: string, bytes: number): string;
  /** Stores an image of such a file. */
  store(id: string, bytes: number, image: object): Promise<void>;
}

/** Starts `stevedore up`. @param flags more of its flags @param prepare fills the root before */
export async function serveDashboard(
  options: { flags?: readonly string[]; prepare?: (root: string) => Promise<void> } = {},
): Promise<ServedDashboard> {
  const scratch = mkdtempSync(join(tmpdir(), "stevedore-dashboard-"));
  const root = join(scratch, "root");
  mkdirSync(root);
  await options.prepare?.(root);
  const [redis, browser] = await Promise.all([startRedis(), startBrowser()]);
  const up = startStevedore(
    [
      "up",
      ...["--redis", redis.url, "--listen", "127.0.0.1:0", "--allow-source", scratch],
      ...(options.flags ?? []),
    ],
    { root, env: { STEVEDORE_TOKEN: tokens.full, STEVEDORE_READ_TOKEN: tokens.read } },
  );
  await up.says(/ serving /);
  const url = /listening on (\S+)/.exec(up.output())?.[1] ?? "";
  const cookies = Object.fromEntries(
    await Promise.all(Object.entries(tokens).map(async ([role, token]) => [role, await logIn(url, token)])),
  );

  const served: ServedDashboard = {
    ...{ url, scratch, root, redis },
    async visit(path, role, use, contextOptions = {}) {
      await using opened = await browser.open(contextOptions);
      const { page, complaints, origins } = opened;
      const allowed: RegExp[] = [];
      await page.context().addCookies([{ name: "stevedore-session", value: cookies[role] ?? "", url }]);
      await page.goto(url + path);
      await use(page, (complaint) => allowed.push(complaint));
      expect(complaints.filter((line) => !allowed.some((each) => each.test(line)))).toEqual([]);
      expect([...origins]).toEqual([url]);
    },
    async run(job, data) {
      const headers = { authorization: `Bearer ${tokens.full}`, "content-type": "application/json" };
      const response = await fetch(`${url}/api/v1/jobs/${job}?wait=60`, {
        ...{ method: "POST", headers, body: JSON.stringify(data) },
      });
      return await response.json();
    },
    async get(path) {
      const response = await fetch(`${url}/api/v1/${path}`, {
        headers: { authorization: `Bearer ${tokens.read}` },
      });
      return await response.json();
    },
    archive(name, bytes) {
      const directory = join(scratch, `${name}.d`);
      mkdirSync(directory);
      writeFileSync(join(directory, "data"), randomBytes(bytes));
      const archive = join(scratch, `${name}.tar`);
      execFileSync("tar", ["-C", directory, "-cf", archive, "."]);
      return archive;
    },
    async store(id, bytes, image) {
      const layer = { path: served.archive(id, bytes) };
      expect((await served.run("store", { image: { id, ...image }, layer })).state).toBe("completed");
    },
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await up.stop();
      await redis[Symbol.asyncDispose]();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  return served;
}

async function logIn(url: string, token: string): Promise<string> {
  const body = new URLSearchParams({ token });
  const response = await fetch(`${url}/login`, { method: "POST", body, redirect: "manual" });
  return /=([^;]+)/.exec(response.headers.get("set-cookie") ?? "")?.[1] ?? "";
}
