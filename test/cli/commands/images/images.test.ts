// stevedore images: all of a graph, what is broken in it included.
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { shell } from "../../../support/processes/shell.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;
let root: string;

beforeAll(async () => {
  root = await scratch.fresh();
  await unpackDockerGraph(root);
});

describe("stevedore images", () => {
  it("lists every image with its size, stored checksum and children", async () => {
    const stored = JSON.parse(readFileSync(join(root, "checksums"), "utf8"));
    const expected = await Promise.all(
      [
        { id: base, parent: null, head: false, children: [middle] },
        { id: middle, parent: base, head: false, children: [left, right].sort() },
        { id: left, parent: middle, head: true, children: [] },
        { id: right, parent: middle, head: true, children: [] },
      ].map(async (image) => ({
        ...image,
        names: [],
        created: "2013-05-02T15:18:33Z",
        comment: "fixture",
        layerBytes: await bytesOf(image.id),
        checksum: stored[image.id],
      })),
    );
    const { code, json, stderr } = await runCommand(["images", "--json"], { root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(json).toEqual(expected.sort((one, other) => (one.id < other.id ? -1 : 1)));
  });

  it("lists them in columns, the ids short", async () => {
    const { stdout } = await runCommand(["images"], { root });
    const [header, ...lines] = stdout.trimEnd().split("\n");
    expect(header).toMatch(/^NAMES +ID +AGE +SIZE +PARENT +CHECKSUM +COMMENT$/);
    expect(lines.map((line) => line.split(/ +/)[1])).toEqual(
      [base, middle, left, right].sort().map((id) => id.slice(0, 12)),
    );
  });

  it("leaves nothing in the root that Docker 0.3 does not ignore", async () => {
    expect(await shell("ls -A", { cwd: root })).toEqual(Buffer.from("checksums\ngraph\n"));
  });

  it("names each broken image on stderr, even with --quiet, and lists the others", async () => {
    const damaged = await scratch.fresh();
    await unpackDockerGraph(damaged);
    const at = (...path: string[]) => join(damaged, "graph", ...path);
    rmSync(at(left, "json"));
    writeFileSync(at(right, "json"), "{");
    writeFileSync(at(middle, "json"), '{"id":"another"}');
    rmSync(at(base, "layer"), { recursive: true });
    symlinkSync("/etc", at(base, "layer"));
    await shell(`cp -a ${base} no-layer; rm no-layer/layer; touch file 'not an id'`, {
      cwd: join(damaged, "graph"),
    });
    writeFileSync(at("no-layer", "json"), '{"id":"no-layer"}');
    const { code, json, stderr } = await runCommand(["images", "--json", "--quiet"], { root: damaged });
    expect({ code, json }).toEqual({ code: 0, json: [] });
    const lines = stderr.trimEnd().split("\n");
    for (const broken of [base, middle, left, right, "no-layer", "file"]) {
      expect(lines.filter((line) => line.includes("IMAGE_BROKEN") && line.includes(broken))).toHaveLength(1);
    }
    expect(lines.filter((line) => line.includes('"not an id"'))).toHaveLength(1);
    expect(lines).toHaveLength(7);
  });

  it("escapes what would write on the terminal, but not in JSON", async () => {
    const hostile = await scratch.fresh();
    const record = { id: "evil", comment: "\u001b[2J\u009b1m\u202e\nline", created: "\u001b]0;title\u0007" };
    await shell("mkdir -p graph/evil/layer", { cwd: hostile });
    writeFileSync(join(hostile, "graph/evil/json"), JSON.stringify(record));
    const [text, tree, json] = await Promise.all([
      runCommand(["images"], { root: hostile }),
      runCommand(["tree"], { root: hostile }),
      runCommand(["images", "--json"], { root: hostile }),
    ]);
    for (const { stdout } of [text, tree]) {
      expect(stdout).toContain("\\x1b[2J\\x9b1m\\u202e\\x0aline\n");
      for (const character of "\u001b\u009b\u202e\u0007") expect(stdout).not.toContain(character);
    }
    expect(json.json).toMatchObject([{ comment: record.comment, created: record.created }]);
  });

  it("says that a root does not exist, and does not make it", async () => {
    const missing = join(scratch.path, "missing");
    const commands = [
      ["images"],
      ["tree"],
      ["history", "a"],
      ["inspect", "a"],
      ["rm", "a"],
      ["jobs"],
      ["checksum", "a"],
    ];
    for (const command of commands) {
      const { code, json, stderr } = await runCommand([...command, "--json"], { root: missing });
      expect({ command, code, json }).toMatchObject({
        code: 1,
        json: { error: { code: "SOURCE_NOT_FOUND" } },
      });
      expect(stderr).toContain(missing);
    }
    await expect(shell(`test -e ${missing}`)).rejects.toThrow();
  });
});

async function bytesOf(id: string): Promise<number> {
  const lines = await shell(
    "find . -type f -printf '%i %s\\n' | sort -u | awk '{ sum += $2 } END { print sum + 0 }'",
    {
      cwd: join(root, "graph", id, "layer"),
    },
  );
  return Number(lines);
}
