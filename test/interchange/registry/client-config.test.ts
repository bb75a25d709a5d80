// The credentials of a worker: Docker's config.json in its forms, the helpers that it names, and what is wrong with either.
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findCredentials } from "../../../src/interchange/registry/auth/docker-config.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const never = new AbortController().signal;
const ali = { username: "ali", password: "open:sesame" };
const auth = Buffer.from("ali:open:sesame").toString("base64");

async function fileWith(content: unknown): Promise<string> {
  const file = join(await scratch.fresh(), "config.json");
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}
const find = async (content: unknown, host = "registry.example:5000", signal = never) =>
  findCredentials(await fileWith(content), host, signal);

describe("credentials", () => {
  it.each([
    ["registry.example:5000", "registry.example:5000"],
    ["https://registry.example:5000", "registry.example:5000"],
    ["http://registry.example:5000/", "registry.example:5000"],
    ["https://registry.example:5000/v2/", "registry.example:5000"],
    ["[::1]:5000", "[::1]:5000"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["index.docker.io", "docker.io"],
    ["docker.io", "docker.io"],
  ])("under %s are those of %s", async (key, host) => {
    expect(await find({ auths: { other: { auth: "!" }, [key]: { auth } } }, host)).toEqual(ali);
  });

  it.each([
    "registry.example",
    "registry.example:50000",
    "registry.example:5000/team",
    "https://registry.example:5000.evil/",
    "evil/registry.example:5000",
  ])("under %s are those of another", async (key) => {
    expect(await find({ auths: { [key]: { auth } } })).toBeUndefined();
  });

  it.each([
    ["a user and a password", { username: "ali", password: "open:sesame" }, ali],
    ["an identity token", { auth, identitytoken: "open sesame" }, { identityToken: "open sesame" }],
    ["base64 with NULs behind it", { auth: Buffer.from("ali:open:sesame\0\0").toString("base64") }, ali],
    ["a token in place of a user", { username: "<token>", password: "t" }, { identityToken: "t" }],
    ["nothing", {}, undefined],
    ["a user alone", { username: "ali" }, undefined],
  ])("are read of %s", async (_what, entry, expected) => {
    expect(await find({ auths: { "registry.example:5000": entry } })).toEqual(expected);
  });

  it.each([{}, { auths: null }, { auths: {}, HttpHeaders: { "User-Agent": "x" }, credHelpers: null }])(
    "are none in %j",
    async (content) => {
      expect(await find(content)).toBeUndefined();
    },
  );

  it.each([
    ["no JSON", '{"auths": {"sesame": sesame}}'],
    ["empty", ""],
    ["another document", '["sesame"]'],
    ["a password that is no text", { auths: { x: { password: 12345 } } }],
    ["base64 of something else", { auths: { "registry.example:5000": { auth: "c2VzYW1l" } } }],
    ["longer than such a file is", " ".repeat(2 * 1024 ** 2)],
    ["a helper by a path", { credsStore: "../../sesame" }],
  ])("in a file that is %s are an error that names the file, not what it holds", async (_what, content) => {
    await expect(find(content)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringMatching(/^(?!.*(?:c2VzYW1l|12345|\{)).*(?:config\.json|--registry-auth)/s),
    });
  });

  it("in a file that is not there, or a directory, are an error that names it", async () => {
    const directory = await scratch.fresh();
    const missing = findCredentials(join(directory, "nothing.json"), "x", never);
    await expect(missing).rejects.toMatchObject({ message: expect.stringMatching(/nothing\.json.*ENOENT/) });
    await expect(findCredentials(directory, "x", never)).rejects.toMatchObject({
      message: expect.stringContaining("EISDIR"),
    });
  });
});

describe("a helper", () => {
  /** Runs `use` where docker-credential-test is this script. */
  async function helping<T>(script: string, use: (directory: string) => Promise<T>): Promise<T> {
    const directory = join(await scratch.fresh(), "bin");
    await mkdir(directory);
    const program = join(directory, "docker-credential-test");
    await writeFile(program, `#!/bin/sh\ncd '${directory}'\n${script}\n`);
    await chmod(program, 0o755);
    return withEnvironment({ PATH: `${directory}:${process.env.PATH}` }, () => use(directory));
  }
  const answers = `printf '%s' "$*" > args; cat > stdin; echo '{"ServerURL":"x","Username":"ali","Secret":"open:sesame"}'`;

  it.each([
    ["for one registry", { credHelpers: { "registry.example:5000": "test" } }, "registry.example:5000"],
    ["for all", { credsStore: "test", auths: { "registry.example:5000": {} } }, "registry.example:5000"],
    ["for Docker's own registry", { credHelpers: { "https://index.docker.io/v1/": "test" } }, "docker.io"],
  ])("is asked %s", async (_what, content, host) => {
    await helping(answers, async (directory) => {
      expect(await find(content, host)).toEqual(ali);
      expect(await readFile(join(directory, "args"), "utf8")).toBe("get");
      const named = host === "docker.io" ? "https://index.docker.io/v1/" : host;
      expect(await readFile(join(directory, "stdin"), "utf8")).toBe(named);
    });
  });

  it("may give an identity token", async () => {
    await helping(`echo '{"Username":"<token>","Secret":"t"}'`, async () => {
      expect(await find({ credsStore: "test" })).toEqual({ identityToken: "t" });
    });
  });

  it("that has none leaves the registry to the file", async () => {
    await helping("echo 'credentials not found in native keychain'; exit 1", async () => {
      expect(await find({ credsStore: "test", auths: { "registry.example:5000": { auth } } })).toEqual(ali);
      expect(await find({ credsStore: "test" })).toBeUndefined();
    });
  });

  it.each([
    ["fails", "echo open-sesame; echo open-sesame >&2; exit 3", "INTERNAL"],
    ["answers by something else", "echo open-sesame", "INTERNAL"],
    ["says too much", "yes open-sesame", "INTERNAL"],
    ["is killed", "kill -9 $$", "INTERNAL"],
  ])("that %s is an error that does not repeat it", async (_what, script, code) => {
    await helping(script, async () => {
      const error = await find({ credsStore: "test" }).catch((thrown) => thrown);
      expect(error.code).toBe(code);
      expect(error.message).toContain("docker-credential-test");
      expect(JSON.stringify([error.message, error.cause ?? null, error])).not.toContain("sesame");
    });
  });

  it("that is not installed is named", async () => {
    await expect(find({ credsStore: "of-nobody" })).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("docker-credential-of-nobody"),
    });
  });

  it("ends with the pull", async () => {
    const cancel = new AbortController();
    await helping("exec sleep 600", async () => {
      const found = find({ credsStore: "test" }, "x", cancel.signal);
      setImmediate(() => cancel.abort());
      await expect(found).rejects.toMatchObject({ code: "CANCELLED" });
    });
  });
});
