// pull and push by a worker of the command's own: the registry is the one that was named, the credentials are the user's.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeSmallLayout } from "../../../support/images/small-layout.js";
import { runCommand } from "../../../support/processes/command.js";
import { startOnTerminal } from "../../../support/processes/screen.js";
import { noRedisRuns, serveRoot, stevedore } from "../../../support/processes/stevedore.js";
import { authConfig, startRegistry } from "../../../support/registry/registry.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let layout: string;
beforeAll(() => {
  layout = join(scratch.path, "layout");
  makeSmallLayout(layout);
});

/** A root with the image `web:1`. */
async function filledRoot(): Promise<string> {
  const root = await scratch.fresh();
  expect((await runCommand(["import", layout], { root })).code).toBe(0);
  return root;
}

/** A directory for `$DOCKER_CONFIG` with the user's password. */
async function configFor(host: string): Promise<string> {
  const directory = await scratch.fresh();
  writeFileSync(join(directory, "config.json"), authConfig(host), { mode: 0o600 });
  return directory;
}

const nothing = { DOCKER_CONFIG: "/nowhere", REGISTRY_AUTH_FILE: "" };

describe("push and pull", () => {
  it("take an image there and back, and print what the scripts of users want", async () => {
    await using registry = await startRegistry();
    const ref = `${registry.host}/team/web:1`;
    const insecure = ["--registry-insecure", registry.host];
    const pushed = await runCommand(["push", "web:1", ref, ...insecure], {
      root: await filledRoot(),
      env: nothing,
    });
    expect(pushed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("blobs sent: 3, there before: 0"),
    });
    expect(pushed.stdout).toMatch(new RegExp(`^sha256:[0-9a-f]{64} {2}${ref}\n$`));

    const root = join(await scratch.fresh(), "made");
    const pull = (...args: string[]) =>
      runCommand(["pull", ref, ...insecure, ...args], { root, env: nothing });
    const first = await pull();
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("layers fetched: 2, here before: 0"),
    });
    expect(first.stdout).toMatch(new RegExp(`^[0-9a-f]{64} {2}${ref}\n$`));
    const second = await pull("--json", "--name", "web");
    expect(second.json).toMatchObject({
      ...{ ref, digest: pushed.stdout.slice(0, 71), layersAdded: 0, layersPresent: 2 },
      images: [{ id: first.stdout.slice(0, 64), names: ["web:1"] }],
    });
    expect((await runCommand(["images"], { root })).stdout).toContain(`${ref}, web:1`);
    const detached = await pull("--detach");
    expect(detached.stdout).toMatch(/^p[A-Za-z0-9_-]{21}\n$|^[0-9a-f-]{36}\n$/);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("use the credentials of whoever runs them, of the file that was named before others", async () => {
    await using registry = await startRegistry("basic");
    const ref = `${registry.host}/team/web:1`;
    const root = await filledRoot();
    const push = (env: Record<string, string>, ...args: string[]) =>
      runCommand(["push", "web:1", ref, "--registry-insecure", registry.host, ...args], { root, env });
    expect(await push(nothing)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("TARGET_FORBIDDEN"),
    });
    const DOCKER_CONFIG = await configFor(registry.host);
    expect(await push({ ...nothing, DOCKER_CONFIG })).toMatchObject({ code: 0 });
    const home = await scratch.fresh();
    mkdirSync(join(home, ".docker"));
    writeFileSync(join(home, ".docker/config.json"), authConfig("other.example"));
    const REGISTRY_AUTH_FILE = join(home, ".docker/config.json");
    expect(await push({ DOCKER_CONFIG, REGISTRY_AUTH_FILE })).toMatchObject({ code: 1 });
    const named = ["--registry-auth", join(DOCKER_CONFIG, "config.json")];
    expect(await push({ ...nothing, REGISTRY_AUTH_FILE }, ...named)).toMatchObject({ code: 0 });
    const missing = await push({ DOCKER_CONFIG }, "--registry-auth", "/nowhere/config.json");
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("/nowhere/config.json") });
  });

  it("are done by a worker that serves already by its own rules, and say which flags it does not heed", async () => {
    await using registry = await startRegistry();
    const ref = `${registry.host}/team/web:1`;
    const root = await filledRoot();
    const up = await serveRoot(root);
    try {
      const insecure = ["--registry-insecure", registry.host];
      for (const args of [
        ["pull", ref],
        ["push", "web:1", ref],
      ]) {
        const { code, stderr } = await runCommand([...args, ...insecure], { root });
        expect({ code, stderr }).toEqual({
          code: 1,
          stderr: expect.stringMatching(/not heeded[\s\S]*_FORBIDDEN/),
        });
      }
      expect(await registry.requests()).toEqual([]);
    } finally {
      await up.stop();
    }
  });

  it("say what is wrong before anything is started", async () => {
    const root = join(await scratch.fresh(), "not-made");
    const refused = async (code: string, ...args: string[]) => {
      const ended = await runCommand([...args, "--json"], { root });
      expect(ended).toMatchObject({ code: 1, json: { error: { code } } });
    };
    await refused("INVALID_NAME", "pull", "Not/A/Reference");
    await refused("INVALID_NAME", "push", "web", "https://registry.example/web");
    await refused("INVALID_JOB", "push", "web", `web@sha256:${"0".repeat(64)}`);
    await refused("INVALID_JOB", "pull", "busybox", "--all-platforms", "--platform", "linux/arm64");
    await refused("INVALID_JOB", "push", "web", "web", "--format", "docker", "--compress", "zstd");
    expect((await runCommand(["images"], { root })).stderr).toContain("there is no root");
  });
});

describe("a pull on a terminal", () => {
  it("shows each layer on a line, in place, and leaves the result alone", async () => {
    await using registry = await startRegistry();
    const ref = `${registry.host}/team/web:1`;
    const from = await filledRoot();
    const insecure = ["--registry-insecure", registry.host];
    expect((await runCommand(["push", "web:1", ref, ...insecure], { root: from })).code).toBe(0);
    const root = await scratch.fresh();
    const running = startOnTerminal(["pull", ref, ...insecure, "--root", root], { columns: 120, rows: 20 });
    expect(await running.ended).toBe(0);
    // Two layers are quickly done: what stood there once is in what was written.
    expect(running.output()).toMatch(/\[#* *\] {2}[0-9a-f]{12} {2}(?:waiting|fetching|done) +\d+ %/);
    const lines = running.screen.history();
    expect(lines[0]).toBe("before");
    expect(lines.join("")).toMatch(new RegExp(`layers fetched: 2.*[0-9a-f]{64} {2}${ref}$`));
    expect(lines.join("\n")).not.toMatch(/\[#|fetching/);
  });
});

it("a schedule keeps a mirror fresh", async () => {
  const root = await scratch.fresh();
  const cron = ["--cron", "0 4 * * *"];
  const set = (...args: string[]) => runCommand(["schedule", ...args, ...cron, "--json"], { root });
  expect((await set("pull", "debian:12")).json).toMatchObject({
    ...{ name: "pull", queue: "store", data: { ref: "debian:12" } },
    id: expect.stringMatching(/^pull\.docker\.io_library_debian_12\./),
  });
  expect((await set("push", "debian:12", "localhost:5000/debian:12")).json).toMatchObject({
    data: { image: "debian:12", ref: "localhost:5000/debian:12" },
  });
  for (const args of [["pull"], ["pull", "a", "b"], ["push", "a"], ["pull", "a", "--force"]]) {
    expect(await set(...args)).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
  }
});

it("the built binary pulls, too", async () => {
  await using registry = await startRegistry("tls");
  const ref = `${registry.host}/team/web:1`;
  const ca = ["--registry-ca", registry.caFile ?? ""];
  expect(await stevedore(["push", "web:1", ref, ...ca], { root: await filledRoot() })).toMatchObject({
    code: 0,
  });
  const pulled = await stevedore(["pull", ref, "--json", ...ca], { root: await scratch.fresh() });
  expect(pulled).toMatchObject({ code: 0, json: { ref, layersAdded: 2 } });
});
