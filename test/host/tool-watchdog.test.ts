// Tools that are stuck are killed; those that only wait for this process are not. The tools are real, and what stops
// them is the kernel.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { start } from "../../src/host/run.js";
import { limitToolSilence, toolSilenceLimit } from "../../src/host/tool-watchdog.js";
import { childProcesses } from "../support/processes/child-processes.js";

const cat = { command: "cat", package: "coreutils" };
const yes = { command: "yes", package: "coreutils" };
const sh = { command: "sh", package: "dash" };
const bash = { command: "bash", package: "bash" };

const usual = toolSilenceLimit();
const limit = 200;
beforeEach(() => limitToolSilence(limit));
afterEach(() => limitToolSilence(usual));

/** Far more than the limit: the time in which a tool that were blamed would be killed. */
const long = 5 * limit;

const stuck = (command: string) => ({
  code: "INTERNAL",
  message: expect.stringMatching(`^${command} was stuck: .* 0\\.2 s and was killed \\(--tool-silence`),
});

async function stop(command: string): Promise<void> {
  const child = (await childProcesses()).find((process) => process.command === command);
  process.kill(child?.pid ?? Number.NaN, "SIGSTOP");
}

describe("a tool is killed as stuck", () => {
  test("if it is stopped while it writes, and whoever reads it hears of that at the end", async () => {
    const { stdin, stdout, done } = start(yes, [], { failure: "BAD_ARCHIVE" });
    stdin.end();
    await once(stdout, "data");
    await stop("yes");
    stdout.resume();
    await expect(done).rejects.toMatchObject(stuck("yes"));
    expect(await childProcesses()).toEqual([]);
  });

  test("if it is stopped and does not take its input", async () => {
    const { stdin, stdout, done } = start(cat, []);
    stdout.resume();
    stdin.write("x");
    await once(stdout, "data");
    await stop("cat");
    stdin.write(Buffer.alloc(4 * 1024 ** 2));
    await expect(done).rejects.toMatchObject(stuck("cat"));
  });

  test("if it has all of its input and does not come to its end", async () => {
    const { stdin, stdout, done } = start(sh, ["-c", "cat; exec sleep 1000"]);
    stdout.resume();
    stdin.end("all there is");
    await expect(done).rejects.toMatchObject(stuck("sh"));
  });

  test("if it computes and computes and nothing comes of it", async () => {
    const { stdin, stdout, done } = start(sh, ["-c", "while :; do :; done"]);
    stdout.resume();
    stdin.end();
    await expect(done).rejects.toMatchObject(stuck("sh"));
  });
});

describe("a tool is not taken for stuck", () => {
  test("while nobody reads what it wrote", async () => {
    const { stdin, stdout, done } = start(sh, ["-c", "yes | head -c 5000000"]);
    stdin.end();
    let bytes = 0;
    for await (const chunk of stdout) {
      if (bytes === 0) await sleep(long);
      bytes += (chunk as Buffer).length;
    }
    await done;
    expect(bytes).toBe(5_000_000);
  });

  test("while nobody gives it its input", async () => {
    const { stdin, stdout, done } = start(cat, []);
    stdin.write("one ");
    let text = "";
    for await (const chunk of stdout) {
      if (text === "") {
        await sleep(long);
        stdin.end("two");
      }
      text += chunk;
    }
    await done;
    expect(text).toBe("one two");
  });

  test("while it computes, for several times the limit", async () => {
    limitToolSilence(1_000);
    // By the clock, so that it takes as long on a busy machine.
    const { stdin, stdout, done } = start(bash, ["-c", "while ((SECONDS < 3)); do :; done; echo counted"]);
    stdin.end();
    let text = "";
    for await (const chunk of stdout) text += chunk;
    await done;
    expect(text).toBe("counted\n");
  });

  test("with a limit that no timer takes", async () => {
    limitToolSilence(Number.MAX_SAFE_INTEGER);
    const { stdin, stdout, done } = start(sh, ["-c", "sleep 0.3; echo there"]);
    stdin.end();
    let text = "";
    for await (const chunk of stdout) text += chunk;
    await done;
    expect(text).toBe("there\n");
  });

  test("but as cancelled, if its end was asked for", async () => {
    const controller = new AbortController();
    const { stdin, stdout, done } = start(cat, [], { signal: controller.signal });
    stdout.resume();
    stdin.write("x");
    await once(stdout, "data");
    await stop("cat");
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
