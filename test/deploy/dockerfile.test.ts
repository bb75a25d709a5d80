// The Dockerfile, without an engine to build it: what a linter says, and what would only break when it is built or run.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import { tools } from "../../src/host/tool.js";

const project = join(import.meta.dirname, "../..");
const text = readFileSync(join(project, "Dockerfile"), "utf8");
/** An instruction a line. */
const instructions = text
  .replace(/^#.*\n/gm, "")
  .replace(/\\\n\s*/g, " ")
  .split("\n");
/** The arguments of each instruction of a keyword. */
const argumentsOf = (keyword: string) =>
  instructions.flatMap((line) => (line.startsWith(`${keyword} `) ? [line.slice(keyword.length + 1)] : []));

describe("the Dockerfile", () => {
  it("has nothing that a linter finds", () => {
    expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  it("builds on images of a fixed version", () => {
    const images = argumentsOf("FROM").map((args) => args.split(" ")[0]);
    expect(images).toHaveLength(3);
    for (const image of images) expect(image).toMatch(/^node:\d+-bookworm-slim$/);
  });

  it("copies what there is, and what .dockerignore lets through", () => {
    const copied = argumentsOf("COPY")
      .filter((args) => !args.includes("--from="))
      .flatMap((args) => args.split(/\s+/).slice(0, -1));
    expect(copied).toContain("src");
    for (const source of copied) {
      expect(existsSync(join(project, source)), source).toBe(true);
      expect(isIgnored(source), source).toBe(false);
    }
    for (const name of ["node_modules", "dist", ".git", "stevedore-token", "docs"]) {
      expect(isIgnored(name), name).toBe(true);
    }
  });

  it("installs exactly what package-lock.json says, and of it in the image only what runs", () => {
    const runs = argumentsOf("RUN").join("\n");
    expect(
      runs.match(/npm (ci|install|i)\b[^&\n]*/g)?.map((command) => command.trim().split(/\s*\\/)[0]),
    ).toEqual(["npm ci", "npm ci --omit=dev"]);
    const last = text.slice(text.lastIndexOf("\nFROM"));
    expect(last).not.toContain("npm ci");
  });

  it("has the Debian package of every program that a worker or a command calls", () => {
    const [, packages = ""] = /apt-get install -y --no-install-recommends([^&]*)&&/.exec(text) ?? [];
    const installed = packages.split(/[\s\\]+/);
    const needed = new Set(Object.values(tools).map((tool) => tool.package));
    // One of the two that can be the Redis of a command is enough.
    for (const name of needed) if (name !== "valkey-server") expect(installed).toContain(name);
  });

  it("leaves out of the image what only its making needs", () => {
    const last = text.slice(text.lastIndexOf("\nFROM"));
    expect(last.match(/apt-get/g)).toHaveLength(2);
    expect(last).toContain("rm -rf /var/lib/apt/lists/* /var/cache/apt/*");
    const modules = argumentsOf("RUN").find((run) => run.startsWith("npm ci --omit=dev")) ?? "";
    expect(modules).toContain("rm -rf typescript @typescript");
    for (const name of ["*.map", "*.d.ts", "*.md"]) expect(modules).toContain(`-name '${name}'`);
  });

  it("starts the entrypoint itself, so that signals arrive", () => {
    const [entrypoint = ""] = argumentsOf("ENTRYPOINT");
    const [path] = JSON.parse(entrypoint) as string[];
    expect(path).toBe("/opt/stevedore/docker/entrypoint.sh");
    expect(argumentsOf("WORKDIR").at(-1)).toBe("/opt/stevedore");
    expect(argumentsOf("COPY")).toContain("docker/entrypoint.sh docker/");
    expect(statSync(join(project, "docker/entrypoint.sh")).mode & 0o777).toBe(0o755);
  });

  it("knows the user of the entrypoint", () => {
    const entrypoint = readFileSync(join(project, "docker/entrypoint.sh"), "utf8");
    const [, user] = /^user=(\d+)$/m.exec(entrypoint) ?? [];
    expect(text).toContain(`groupadd --gid ${user} `);
    expect(text).toContain(`useradd --uid ${user} --gid ${user} `);
  });
});

/**
 * Whether .dockerignore keeps a path out: the last line that matches it or a directory above it counts. Only the forms
 * that the file has are understood: `*`, and plain paths with or without `!`.
 */
function isIgnored(path: string): boolean {
  const lines = readFileSync(join(project, ".dockerignore"), "utf8").split("\n");
  let ignored = false;
  for (const line of lines.filter((line) => line !== "" && !line.startsWith("#"))) {
    const isException = line.startsWith("!");
    const pattern = isException ? line.slice(1) : line;
    if (pattern === "*" || path === pattern || path.startsWith(`${pattern}/`)) ignored = !isException;
  }
  return ignored;
}
