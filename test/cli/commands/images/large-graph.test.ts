// Listings of a graph that is large enough for several writes, and for branches that nobody could read.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { makeGraph } from "../../../../bench/make-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { binary } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
/** More than what a socket or a pipe takes while nobody reads. */
const count = 3_000;
let root: string;
let ids: string[];
/** What each listing prints. */
const printed = { images: "", tree: "" };

beforeAll(async () => {
  root = await scratch.fresh();
  ids = makeGraph(root, { count });
  for (const command of ["images", "tree"] as const) {
    const { code, stdout } = await runCommand([command], { root });
    expect(code).toBe(0);
    printed[command] = stdout;
  }
});

/** Starts a listing whose stdout is not read. */
function startUnread(args: readonly string[]) {
  const child = spawn(process.execPath, [binary, ...args, "--root", root], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return { child, stdout: child.stdout, told: () => stderr };
}

describe("a listing of many images", () => {
  it.each(["images", "tree"])("by %s --json is one document with each of them", async (command) => {
    const { code, json, stderr } = await runCommand([command, "--json"], { root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(json.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
  });

  it.each([
    { command: "images", header: 1 },
    { command: "tree", header: 0 },
  ] as const)("by $command is one line for each of them", ({ command, header }) => {
    expect(printed[command].trimEnd().split("\n")).toHaveLength(count + header);
  });

  it("lines up its columns, the last row's like the first's", () => {
    const [header = "", ...lines] = printed.images.trimEnd().split("\n");
    for (const line of lines) expect(line.indexOf("10 B")).toBe(header.indexOf("SIZE"));
    const drawn = printed.tree.trimEnd().split("\n");
    expect(new Set(drawn.map((line) => line.indexOf("10 B"))).size).toBe(1);
  });

  it("is one document though the reader is slow", async () => {
    const { child, stdout, told } = startUnread(["images", "--json"]);
    const ended = once(child, "close");
    const chunks: Buffer[] = [];
    stdout.on("readable", async () => {
      for (let chunk = stdout.read(1_000); chunk !== null; chunk = stdout.read(1_000)) {
        chunks.push(chunk);
        await setImmediate();
      }
      const rest = stdout.read();
      if (rest !== null) chunks.push(rest);
    });
    expect(await ended).toEqual([0, null]);
    expect(told()).toBe("");
    expect(JSON.parse(Buffer.concat(chunks).toString())).toHaveLength(count);
  });

  it.each(["images", "images --json", "tree", "tree --json"])(
    "ends without complaint when the reader leaves early: %s",
    async (command) => {
      const { child, stdout, told } = startUnread(command.split(" "));
      const ended = once(child, "close");
      await once(stdout, "readable");
      stdout.read(10);
      stdout.destroy();
      expect(await ended).toEqual([0, null]);
      expect(told()).toBe("");
    },
  );

  it("that is interrupted while nobody reads is closed: a document still", async () => {
    const { child, stdout } = startUnread(["images", "--json"]);
    const ended = once(child, "close");
    const chunks: Buffer[] = [];
    await once(stdout, "readable");
    child.kill("SIGINT");
    for await (const chunk of stdout) chunks.push(chunk as Buffer);
    const [code] = await ended;
    const listed = JSON.parse(Buffer.concat(chunks).toString());
    // A machine fast enough has written all of it before the signal came.
    if (listed.length < count) expect(code).toBe(130);
    expect(ids).toContain(listed[0].id);
  });

  it("draws of a deep branch the last levels and the number of the others", () => {
    const deep = ids[count / 10 - 1] ?? "";
    const line = printed.tree.split("\n").find((each) => each.includes(deep.slice(0, 12))) ?? "";
    expect(line).toMatch(new RegExp(`^\\(${count / 10 - 1 - 42}\\) [│└├─ ]{126}${deep.slice(0, 12)} `));
  });

  it("has the ancestors of a deep image, child first, with their children", async () => {
    const depth = count / 10;
    const { json } = await runCommand(["history", ids[depth - 1] ?? "", "--json"], { root });
    expect(json.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, depth).reverse());
    expect(json[1].children).toContain(ids[depth - 1]);
  });

  it("measures an image without facts, and leaves no other out for it", async () => {
    const [id = ""] = ids;
    rmSync(join(root, "graph", id, "layer.json"));
    const { json } = await runCommand(["images", "--json"], { root });
    expect(json).toHaveLength(count);
    expect(json.find((image: { id: string }) => image.id === id).layerBytes).toBe(10);
  });
});
