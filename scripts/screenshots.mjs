// Takes the pictures of the dashboard that docs/ and the README show: makes a graph of images as a build would leave
// them, runs jobs on it, and looks at each page with Chromium.
//
//   npm run screenshots     (after npm run setup; takes a minute)
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const project = fileURLToPath(new URL("..", import.meta.url));
const pictures = join(project, "docs/screenshots");
const token = randomBytes(16).toString("hex");
const size = { width: 1280, height: 800 };

/**
 * The images: what each is, which one it is built on, and the size of its layer in MiB.
 * @type {[name: string, parent: string | undefined, mebibytes: number][]}
 */
const images = [
  ["debian:12 minimal root", undefined, 9],
  ["ca-certificates, curl, tzdata", "debian:12 minimal root", 2],
  ["node 20.18 runtime", "ca-certificates, curl, tzdata", 7],
  ["shop: npm ci --omit=dev", "node 20.18 runtime", 6],
  ["shop 4.1.0", "shop: npm ci --omit=dev", 1],
  ["shop 4.1.1", "shop: npm ci --omit=dev", 1],
  ["shop 4.2.0", "shop: npm ci --omit=dev", 1],
  ["mailer 2.0.3", "node 20.18 runtime", 3],
  ["python 3.12", "ca-certificates, curl, tzdata", 8],
  ["reports: pip install -r requirements.txt", "python 3.12", 40],
  ["reports 1.8", "reports: pip install -r requirements.txt", 1],
  ["reports 1.9 <nightly>", "reports: pip install -r requirements.txt", 1],
  ["nginx 1.26", "ca-certificates, curl, tzdata", 2],
  ["edge: configuration for eu-west", "nginx 1.26", 0.1],
  ["edge: configuration for us-east", "nginx 1.26", 0.1],
  ["alpine:3.20 root", undefined, 3],
  ["redis 7.4", "alpine:3.20 root", 4],
  ["backup tools", "alpine:3.20 root", 5],
];

/** The names of some of them. */
const names = {
  "debian:12": "debian:12 minimal root",
  "alpine:3.20": "alpine:3.20 root",
  "node:20.18": "node 20.18 runtime",
  "python:3.12": "python 3.12",
  "shop:4.1.1": "shop 4.1.1",
  "shop:4.2.0": "shop 4.2.0",
  "shop:latest": "shop 4.2.0",
  "mailer:2.0.3": "mailer 2.0.3",
  "reports:1.8": "reports 1.8",
  "reports:nightly": "reports 1.9 <nightly>",
  "nginx:1.26": "nginx 1.26",
  "redis:7.4": "redis 7.4",
};

const scratch = mkdtempSync(join(tmpdir(), "stevedore-screenshots-"));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function main() {
  mkdirSync(pictures, { recursive: true });
  const server = await startServer();
  try {
    await fillGraph(server.url);
    const browser = await chromium.launch({
      ...{ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
    });
    try {
      await takePictures(browser, server.url);
    } finally {
      await browser.close();
    }
  } finally {
    await unmountAll(server.url);
    await server.stop();
  }
}

/** @param {string} url */
async function unmountAll(url) {
  const response = await fetch(`${url}/api/v1/mounts`, { headers: { authorization: `Bearer ${token}` } });
  const { mounts } = await response.json();
  for (const { mountId } of mounts) await job(url, "unmount", { mountId });
}

/** Starts `stevedore up` on a fresh root. */
async function startServer() {
  const root = join(scratch, "root");
  mkdirSync(root);
  const args = ["up", "--root", root, "--listen", "0", "--allow-source", scratch, "--host", "build-1"];
  const child = spawn(process.execPath, [join(project, "dist/cli/main.js"), ...args], {
    env: { ...process.env, STEVEDORE_TOKEN: token },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const exit = once(child, "exit");
  while (!/serving /.test(said)) {
    const ended = await Promise.race([exit, once(child.stderr, "data")]);
    if (child.exitCode !== null) throw new Error(`the server ended with ${ended[0]}: ${said}`);
  }
  return {
    url: /listening on (http:\S+)/.exec(said)?.[1] ?? "",
    async stop() {
      child.kill("SIGTERM");
      await exit;
    },
  };
}

/** @param {string} url */
async function fillGraph(url) {
  for (const [at, [name, parent, mebibytes]] of images.entries()) {
    const archive = await makeArchive(at, mebibytes * 1024 ** 2);
    await job(url, "store", {
      image: {
        ...{ id: idOf(name), comment: name, author: "build@example.org" },
        ...(parent && { parent: idOf(parent) }),
        created: new Date(Date.UTC(2026, 9, 1 + at, 8, 17 * at)).toISOString(),
        config: { Cmd: ["/entrypoint"], Env: ["LANG=C.UTF-8"] },
      },
      layer: { path: archive },
    });
  }
  for (const name of ["debian:12 minimal root", "alpine:3.20 root", "python 3.12"]) {
    await job(url, "checksum", { id: idOf(name), recipe: "xz-1" });
  }
  for (const [name, id] of Object.entries(names)) await job(url, "tag", { id: idOf(id), name });
  await job(url, "mount", { id: idOf("shop 4.1.1") });
  // What went wrong.
  await job(url, "checksum", { id: "0000" }, false);
  await job(
    url,
    "store",
    { image: { comment: "lost" }, layer: { path: join(scratch, "lost.tar.gz") } },
    false,
  );
}

/** An archive of files that compress as programs and their documentation do. */
async function makeArchive(seed, bytes) {
  const words = Array.from({ length: 4096 }, (_, at) =>
    createHash("sha256")
      .update(`${seed}/${at}`)
      .digest("base64url")
      .slice(0, 3 + (at % 9)),
  );
  const directory = join(scratch, `layer-${seed}`);
  mkdirSync(join(directory, "usr/share"), { recursive: true });
  const parts = Math.max(1, Math.round(bytes / 256 / 1024));
  for (let part = 0; part < parts; part++) {
    let state = seed * 7919 + part;
    let text = "";
    while (text.length < bytes / parts) {
      state = (state * 1664525 + 1013904223) >>> 0;
      text += `${words[(state >>> 9) % words.length]} `;
    }
    writeFileSync(join(directory, "usr/share", `part-${part}`), text);
  }
  const archive = `${directory}.tar`;
  const [code] = await once(spawn("tar", ["-C", directory, "-cf", archive, "."]), "exit");
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  return archive;
}

/** Enqueues a job and waits for its end. */
async function job(url, name, data, mustSucceed = true) {
  const response = await fetch(`${url}/api/v1/jobs/${name}?wait=120`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(data),
  });
  const answer = await response.json();
  if (mustSucceed && response.status !== 200) throw new Error(`${name}: ${JSON.stringify(answer)}`);
  return answer;
}

/** @param {string} name */
function idOf(name) {
  return createHash("sha256").update(name).digest("hex");
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 */
async function takePictures(browser, url) {
  const open = async (options) => {
    const context = await browser.newContext(options);
    // Whatever else the machine does.
    context.setDefaultTimeout(180_000);
    return context;
  };
  const light = await open({ viewport: size, colorScheme: "light" });
  const page = await light.newPage();
  const shoot = (name, of = page) => of.screenshot({ path: join(pictures, `${name}.png`) });

  await page.goto(url);
  await page.getByLabel("Token").waitFor();
  await shoot("login");
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Log in" }).click();

  // Some samples, with something in them.
  const small = images.filter(([, , mebibytes]) => mebibytes <= 2).map(([name]) => name);
  for (let round = 0; round < 6; round++) {
    await Promise.all(
      small.map((name) => job(url, "checksum", { id: idOf(name), recipe: "xz-1", force: true })),
    );
    await page.waitForTimeout(8_000);
  }

  await Promise.all(small.slice(1, 7).map((name) => job(url, "checksum", { id: idOf(name) })));

  await page.getByRole("button", { name: "Checksum all" }).click();
  await page
    .getByRole("progressbar", { name: /^Layer of/ })
    .first()
    .waitFor();
  await page
    .getByText(/^[1-6]\d % · .* left$/)
    .first()
    .waitFor();
  await shoot("batch");
  const batch = page.url();
  const { cookies, origins } = await light.storageState();
  const dark = await open({
    ...{ viewport: size, colorScheme: "dark", storageState: { cookies, origins } },
  });
  const darkPage = await dark.newPage();
  await darkPage.goto(url);
  await page.getByRole("link", { name: "Overview" }).click();
  for (const each of [page, darkPage]) await each.locator(".chart canvas").first().waitFor();
  await page.waitForTimeout(2_000);
  await shoot("overview");
  await shoot("overview-dark", darkPage);

  await page.getByRole("link", { name: "Jobs", exact: true }).click();
  await page.locator("table.jobs").waitFor();
  await page.waitForTimeout(500);
  await shoot("jobs");
  const phone = await open({
    ...{ viewport: { width: 360, height: 740 }, colorScheme: "light", storageState: { cookies, origins } },
  });
  const phonePage = await phone.newPage();
  await phonePage.goto(page.url());
  await phonePage.locator("table.jobs").waitFor();
  await phonePage.waitForTimeout(500);
  await shoot("jobs-phone", phonePage);

  await page.goto(`${url}/queues/queue/checksum?status=latest`);
  await page.getByText("Loading").waitFor({ state: "hidden" });
  await page.waitForTimeout(1_000);
  await shoot("queues");

  // It has been seen; what comes now need not wait for it.
  await page.goto(batch);
  const cancel = page.getByRole("button", { name: /^Cancel the batch/ });
  const done = page.getByText("The batch is done.");
  await cancel.or(done).first().waitFor();
  if (await cancel.isVisible()) {
    await cancel.click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await page.getByText("The batch has ended").waitFor();
  }
  const alpine = idOf("alpine:3.20 root").slice(0, 12);
  await page.goto(`${url}/images/${alpine}`);
  await page.getByRole("heading", { name: "History" }).waitFor();
  await page.getByRole("button", { name: "Verify" }).click();
  await page.getByText("The layer is the one").waitFor();
  await page.waitForTimeout(500);
  await shoot("image");

  /** Each page whose picture needs no more than that it is whole: what is there then. */
  const others = [
    ["images", "/images", "tbody th a"],
    ["graph", "/graph", "[role=application]"],
    ["files", `/images/shop:4.2.0/files?layer=${idOf("shop: npm ci --omit=dev")}`, ".files li"],
    ["compare", "/compare?a=shop:4.1.1&b=shop:4.2.0", ".files li"],
    ["add", "/add", "form.job-form"],
    ["mounts", "/mounts", "form.job-form"],
  ];
  for (const [name, path, whole] of others) {
    await page.goto(url + path);
    await page.locator(whole).first().waitFor();
    await page.waitForTimeout(2_000);
    await shoot(name);
  }
}
