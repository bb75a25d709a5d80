// What cannot be undone asks on a terminal, and nowhere else: the built binary on a pseudo terminal.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { runCommand } from "../support/processes/command.js";
import { startOnTerminal } from "../support/processes/screen.js";
import { useServedDockerGraph } from "../support/processes/served-docker-graph.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;
const served = useServedDockerGraph(scratch);

async function freshGraph(): Promise<string> {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  return root;
}

function images(root: string): string[] {
  return readdirSync(join(root, "graph"))
    .filter((name) => name !== ":tmp:")
    .sort();
}

/** Runs a command on a terminal, and answers its question. @returns its exit code, the question, and what stands there */
async function answered(args: readonly string[], root: string, answer: string) {
  const running = startOnTerminal([...args, "--root", root], { columns: 160, rows: 30 });
  await running.shows(/\? \[y\/N\]/);
  const question = running.screen
    .history()
    .find((line) => line.includes("[y/N]"))
    ?.trim();
  running.type(answer);
  const code = await running.ended;
  return { code, question, shown: running.screen.history().join("\n") };
}

describe("on a terminal", () => {
  it("rm asks, naming the image, and no is the answer to all but a yes", async () => {
    const { root } = served;
    await runCommand(["tag", left, "web:1.2"], { root });
    for (const answer of ["\r", "n\r", "maybe\r", "\u0004"]) {
      const { code, question, shown } = await answered(["rm", "b750"], root, answer);
      expect(question).toMatch(/^delete image b750fe79269d \(web:1\.2\), [\d.]+ \w+\? \[y\/N\]/);
      expect(code).toBe(1);
      expect(shown).toContain("nothing was deleted");
    }
    const interrupted = await answered(["rm", "b750"], root, "\u0003");
    expect(interrupted.code).toBe(130);
    expect(interrupted.shown).toContain("nothing was deleted");
    expect(images(root)).toContain(left);

    expect(await answered(["rm", "b750"], root, "y\r")).toMatchObject({ code: 0 });
    expect(images(root)).not.toContain(left);
    const forced = await answered(["rm", "8dbd", "--force"], root, "n\r");
    expect(forced.question).toContain("on which 1 image builds?");
  });

  it("gc shows what would go, and asks; --yes does not", async () => {
    const root = await freshGraph();
    await runCommand(["tag", middle, "middle"], { root });
    const refused = await answered(["gc"], root, "\r");
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.question).toMatch(/^delete 2 images of [\d.]+ \w+\?/);
    expect(refused.shown).toContain(left);
    expect(refused.shown).toContain("nothing was deleted");
    expect(images(root)).toHaveLength(4);

    const done = await answered(["gc", "--json"], root, "yes\r");
    expect(done.shown.replaceAll("\n", "")).toMatch(/"dryRun":false/);
    expect(images(root)).toEqual([base, middle].sort());
    const nothing = startOnTerminal(["gc", "--root", root], { columns: 120, rows: 10 });
    expect(await nothing.ended).toBe(0);
    expect(nothing.screen.history().join("\n")).toContain("deleted 0 images");

    await runCommand(["untag", "middle"], { root });
    const told = startOnTerminal(["gc", "-y", "--root", root], { columns: 120, rows: 10 });
    expect(await told.ended).toBe(0);
    expect(told.screen.history().join("\n")).not.toContain("[y/N]");
    expect(images(root)).toEqual([]);
  });

  it("untag asks for the last name alone", async () => {
    const root = await freshGraph();
    for (const name of ["web:1", "web:2"]) await runCommand(["tag", right, name], { root });
    const other = startOnTerminal(["untag", "web:1", "--root", root], { columns: 120, rows: 10 });
    expect(await other.ended).toBe(0);
    const { code, question, shown } = await answered(["untag", "web:2"], root, "\r");
    expect(question).toMatch(/^take away the last name of image 08964efe9750 \(web:2\), .*gc may delete it/);
    expect(code).toBe(1);
    expect(shown).toContain("no name was taken away");
    expect((await answered(["untag", "web:2"], root, "y\r")).code).toBe(0);
  });

  it("cancel asks for a batch, and remove for records", async () => {
    const root = await freshGraph();
    const batch = await runCommand(["checksum", "--all", "--detach"], { root });
    const single = await runCommand(["checksum", "nobody", "--detach"], { root });
    const one = startOnTerminal(["cancel", single.stdout.trim(), "--root", root], { columns: 120, rows: 10 });
    expect(await one.ended).toBe(0);
    const id = batch.stdout.trim();
    const refused = await answered(["cancel", id], root, "n\r");
    expect(refused.question).toContain(`cancel the batch ${id} (checksum-graph`);
    expect(refused.shown).toContain("nothing was cancelled");
    expect((await answered(["cancel", id], root, "y\r")).code).toBe(0);

    const kept = await answered(["remove", "--state", "cancelled"], root, "\r");
    expect(kept.question).toContain("remove the records of 2 jobs?");
    expect(kept.shown).toContain("nothing was removed");
    expect((await answered(["remove", id], root, "y\r")).shown).toContain(id);
  });

  it("unmount asks if something was written", async () => {
    const { root } = served;
    const mount = async () => (await runCommand(["mount", middle, "--json"], { root })).json;
    const untouched = await mount();
    const quick = startOnTerminal(["unmount", untouched.mountId, "--root", root], { columns: 120, rows: 10 });
    expect(await quick.ended).toBe(0);

    const { mountId, target } = await mount();
    mkdirSync(join(target, "new"));
    writeFileSync(join(target, "new/file"), "");
    const refused = await answered(["unmount", mountId], root, "\r");
    expect(refused.question).toContain(`unmount ${mountId} and delete 2 changes in it`);
    expect(existsSync(join(target, "new/file"))).toBe(true);
    expect((await answered(["unmount", mountId], root, "y\r")).code).toBe(0);
    expect(existsSync(target)).toBe(false);
  });
});

describe("without a terminal", () => {
  it("nothing is asked", async () => {
    const root = await freshGraph();
    expect(await runCommand(["rm", left], { root })).toMatchObject({ code: 0, stdout: `${left}\n` });
    expect(await runCommand(["gc"], { root, stdin: Buffer.from("n\n") })).toMatchObject({ code: 0 });
    expect(images(root)).toEqual([]);
  });
});
