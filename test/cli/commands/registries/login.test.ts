// login and logout: what stands in config.json before and after, and what nobody gets to see.
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../../support/processes/command.js";
import { startOnTerminal } from "../../../support/processes/screen.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const password = "p:ss wörd-7f3a";
const auth = (user: string) => Buffer.from(`${user}:${password}`).toString("base64");

/** Runs login with a password on stdin. */
async function login(file: string, ...args: string[]) {
  const stdin = Buffer.from(`${password}\n`);
  return runCommand(["login", "--password-stdin", "--registry-auth", file, ...args], { stdin });
}

function read(file: string) {
  return JSON.parse(readFileSync(file, "utf8"));
}

describe("login", () => {
  it("writes the form of Docker, mode 0600, in a directory that it makes", async () => {
    const file = join(await scratch.fresh(), "a", "b", "config.json");
    const { code, stdout, stderr } = await login(file, "registry.example:5000", "-u", "alice");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`registry.example:5000: the credentials of alice are in ${file}\n`);
    expect(read(file)).toEqual({ auths: { "registry.example:5000": { auth: auth("alice") } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(file, "..")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(file, ".."))).toEqual(["config.json"]);
  });

  it("is read by skopeo", async () => {
    const file = join(await scratch.fresh(), "config.json");
    await login(file, "localhost:1", "-u", "alice");
    const { stdout } = await execa("skopeo", ["login", "--get-login", "--authfile", file, "localhost:1"]);
    expect(stdout).toBe("alice");
  });

  it("keeps all other entries and fields, and replaces its own however it was spelt", async () => {
    const file = join(await scratch.fresh(), "config.json");
    const others = {
      psFormat: "table {{.ID}}",
      credHelpers: { "gcr.io": "gcloud" },
      auths: { "other.example": { auth: "x" }, "quay.io/team": { identitytoken: "t" } },
    };
    const before = { "docker.io": { auth: "a" }, "https://index.docker.io/v1/": { auth: "b" } };
    writeFileSync(file, JSON.stringify({ ...others, auths: { ...others.auths, ...before } }), {
      mode: 0o644,
    });
    expect((await login(file, "-u", "alice")).code).toBe(0);
    expect(read(file)).toEqual({
      ...others,
      auths: { ...others.auths, "https://index.docker.io/v1/": { auth: auth("alice") } },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("leaves a link in place, and an old file where the new one cannot be written", async () => {
    const directory = await scratch.fresh();
    const file = join(directory, "real.json");
    writeFileSync(file, "");
    symlinkSync(file, join(directory, "config.json"));
    expect((await login(join(directory, "config.json"), "index.docker.io", "-u", "alice")).code).toBe(0);
    expect(Object.keys(read(file).auths)).toEqual(["https://index.docker.io/v1/"]);
    expect(readdirSync(directory).sort()).toEqual(["config.json", "real.json"]);
  });

  it.each([
    ["no JSON", '{"auths": {"a": {"auth": "c2VjcmV0"'],
    ["a list", "[]"],
    ["auths that are none", '{"auths": "c2VjcmV0"}'],
    ["a helper that keeps all", '{"credsStore": "pass"}'],
    ["a helper that keeps this one", '{"credHelpers": {"registry.example": "pass"}}'],
  ])("changes nothing in a file with %s, and does not quote it", async (_, text) => {
    const file = join(await scratch.fresh(), "config.json");
    writeFileSync(file, text);
    const { code, stdout, stderr } = await login(file, "registry.example", "-u", "alice", "--verbose");
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(stdout + stderr).not.toMatch(/c2VjcmV0|7f3a/);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  it.each([
    ["a directory", (directory: string) => mkdirSync(join(directory, "config.json")), /EISDIR/],
    ["below a file", (directory: string) => writeFileSync(join(directory, "config.json"), "{}"), /ENOTDIR/],
  ])("says so where the file is %s", async (what, make, said) => {
    const directory = await scratch.fresh();
    make(directory);
    const file = join(directory, "config.json", ...(what === "below a file" ? ["config.json"] : []));
    expect(await login(file, "-u", "alice")).toMatchObject({ code: 2, stderr: expect.stringMatching(said) });
  });

  it.each([
    ["no user", ["-u", ""], "alice"],
    ["a user with a colon", ["-u", "a:b"], "colon"],
    ["a host that is a path", ["team/web", "-u", "alice"], "team/web"],
    ["a URL", ["https://registry.example", "-u", "alice"], "https://"],
  ])("takes no %s", async (_, args, named) => {
    const file = join(await scratch.fresh(), "config.json");
    const { code, stderr } = await login(file, ...args);
    expect(code).toBe(2);
    if (named !== "alice") expect(stderr).toContain(named);
    expect(() => statSync(file)).toThrow("ENOENT");
  });

  it("asks on a terminal, where the password is not to be seen", async () => {
    const file = join(await scratch.fresh(), "config.json");
    const running = startOnTerminal(["login", "registry.example", "--registry-auth", file], {
      columns: 160,
      rows: 10,
    });
    await running.shows(/user for registry\.example:/);
    running.type("alice\r");
    await running.shows(/password of alice for registry\.example:/);
    // A slip of the finger is taken back.
    running.type(`x\u007f${password}x\u007f\r`);
    expect(await running.ended).toBe(0);
    expect(read(file).auths).toEqual({ "registry.example": { auth: auth("alice") } });
    expect(running.output()).not.toContain("7f3a");
    expect(running.screen.history().at(-1)).toContain("the credentials of alice are in");
  });

  it.each([
    ["at the user", []],
    ["at the password", ["-u", "alice"]],
  ])("is left by Ctrl-C %s, and writes nothing", async (_, args) => {
    const file = join(await scratch.fresh(), "config.json");
    const running = startOnTerminal(["login", ...args, "--registry-auth", file], { columns: 100, rows: 10 });
    await running.shows(args.length === 0 ? /user for docker\.io:/ : /password of alice for docker\.io:/);
    running.type("\u0003");
    expect(await running.ended).toBe(130);
    expect(running.screen.history().join("\n")).toMatch(/interrupted/);
    expect(() => statSync(file)).toThrow("ENOENT");
  });
});

describe("logout", () => {
  it("removes the entry of one registry, in every spelling, and nothing else", async () => {
    const file = join(await scratch.fresh(), "config.json");
    const entry = { auth: "x" };
    const spellings = ["https://registry.example/v2/", "http://registry.example", "registry.example"];
    const others = { "registry.example:5000": entry, "registry.example/team": entry };
    const auths = { ...others, ...Object.fromEntries(spellings.map((key) => [key, entry])) };
    writeFileSync(file, JSON.stringify({ HttpHeaders: { a: "b" }, auths }));
    const { json } = await runCommand(["logout", "registry.example", "--registry-auth", file, "--json"]);
    expect(json).toEqual({ host: "registry.example", file, removed: true });
    expect(read(file)).toEqual({ HttpHeaders: { a: "b" }, auths: others });
  });

  it("of what is not there says so, and writes no file", async () => {
    const file = join(await scratch.fresh(), "config.json");
    const { code, stdout } = await runCommand(["logout", "--registry-auth", file]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `docker.io: there were no credentials in ${file}\n`,
    });
    expect(() => statSync(file)).toThrow("ENOENT");
  });
});

it.each([
  [
    "REGISTRY_AUTH_FILE",
    (directory: string) => ({ REGISTRY_AUTH_FILE: join(directory, "auth.json") }),
    "auth.json",
  ],
  [
    "DOCKER_CONFIG",
    (directory: string) => ({ DOCKER_CONFIG: directory, REGISTRY_AUTH_FILE: "" }),
    "config.json",
  ],
])("without --registry-auth the file is that of %s", async (_, env, name) => {
  const directory = await scratch.fresh();
  const stdin = Buffer.from(password);
  await runCommand(["login", "-u", "alice", "--password-stdin"], { stdin, env: env(directory) });
  expect(Object.keys(read(join(directory, name)).auths)).toEqual(["https://index.docker.io/v1/"]);
});
