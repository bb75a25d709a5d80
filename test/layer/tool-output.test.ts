import { describe, expect, test } from "vitest";
import { toolOutput } from "../../src/layer/tool-output.js";
import { StevedoreError } from "../../src/terms/error.js";
import { collect } from "../support/collect.js";
import { childProcesses } from "../support/processes/child-processes.js";

const cat = { command: "cat", package: "coreutils" };
const seq = { command: "seq", package: "coreutils" };
const yes = { command: "yes", package: "coreutils" };
const sh = { command: "sh", package: "dash" };

async function* chunks(count: number, size = 65_536): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(size, index);
}

describe("the output of a tool", () => {
  test("is its whole stdout", async () => {
    const output = Buffer.concat(await collect(toolOutput(seq, ["1", "200000"]))).toString();
    expect(output.endsWith("199999\n200000\n")).toBe(true);
    expect(output.length).toBe(1_288_895);
  });

  test("follows its whole input", async () => {
    const output = Buffer.concat(await collect(toolOutput(cat, [], { input: chunks(100) })));
    expect(output.equals(Buffer.concat(await collect(chunks(100))))).toBe(true);
  });

  test("is nothing, and no error, for a tool that has nothing to say", async () => {
    expect(await collect(toolOutput(cat, []))).toEqual([]);
  });

  test("fails at its end if the tool fails, with its stderr", async () => {
    const output = toolOutput(sh, ["-c", "echo part; echo broken >&2; exit 3"]);
    expect((await output.next()).value?.toString()).toBe("part\n");
    await expect(output.next()).rejects.toMatchObject({
      code: "INTERNAL",
      message: "sh: exit code 3: broken",
    });
  });

  test("names the package of a tool that is not installed", async () => {
    const missing = toolOutput({ command: "no-such-tool", package: "some-package" }, []);
    await expect(collect(missing)).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("some-package"),
    });
  });

  test("fails with the error of the input, which the tool never takes for the end", async () => {
    const broken = new StevedoreError("INTERNAL", "the disk is gone");
    async function* input() {
      yield* chunks(3);
      throw broken;
    }
    await expect(collect(toolOutput(cat, [], { input: input() }))).rejects.toBe(broken);
    expect(await childProcesses()).toEqual([]);
  });

  test("tells why a tool died in the middle of its input, not that its stdin was closed", async () => {
    const input = chunks(1_000);
    const died = toolOutput(sh, ["-c", "head -c 100000 >/dev/null; echo no more >&2; exit 4"], { input });
    await expect(collect(died)).rejects.toMatchObject({ message: "sh: exit code 4: no more" });
  });

  test("closes the input and ends the tool when the reader stops early", async () => {
    let closed = false;
    async function* input() {
      try {
        yield* chunks(100_000);
      } finally {
        closed = true;
      }
    }
    for await (const chunk of toolOutput(cat, [], { input: input() })) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(closed).toBe(true);
    expect(await childProcesses()).toEqual([]);
  });

  test("ends with CANCELLED and no process left when the signal aborts", async () => {
    const controller = new AbortController();
    const output = toolOutput(yes, [], { signal: controller.signal });
    await output.next();
    controller.abort();
    await expect(collect(output)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test("ends with the reason of the signal if that is an error of ours", async () => {
    const reason = new StevedoreError("INTERNAL", "shutting down");
    await expect(collect(toolOutput(yes, [], { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });
});
