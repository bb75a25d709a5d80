import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findInEach, findRecords } from "../../src/host/find.js";
import { collect } from "../support/collect.js";
import { withEnvironment } from "../support/processes/environment.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** Names of any bytes, as bash makes them. */
const oddNames = String.raw`
mkdir -p -- -dir "d e/ f" .hidden
touch -- "$(printf 'not-utf8-\xff\xfe')" "$(printf 'new\nline\n_')" 'back\slash' 'back\ttab' "d e/ f/naïve" -name '*' '%p' .hidden/x
`;

let tree: string;
beforeAll(async () => {
  tree = await scratch.fresh();
  await shell(oddNames, { cwd: tree });
});

async function found(...args: Parameters<typeof findRecords>): Promise<string[]> {
  return (await collect(findRecords(...args))).flat();
}

describe("the records of find", () => {
  test("are what bash sees of the same tree, names of any bytes among them", async () => {
    const seen = await shell(`shopt -s globstar dotglob; printf '%s\\0' **`, { cwd: tree, locale: "C" });
    const expected = seen.toString("latin1").split("\0").slice(0, -1);
    expect(expected).toContain("not-utf8-\xff\xfe");
    expect((await found([tree], ["-mindepth", "1"], "%P")).sort()).toEqual(expected.sort());
  });

  test("are whole, however many there are and wherever a chunk ends", async () => {
    const many = await scratch.fresh();
    await shell(`for d in {1..20}; do mkdir $d; (cd $d; touch {1..50}-$(printf 'n%.0s' {1..150})); done`, {
      cwd: many,
    });
    const chunks = await collect(findRecords([many], ["-type", "f"], "%P"));
    expect(chunks.length).toBeGreaterThan(1);
    const expected = (await shell("printf '%s\\0' */*", { cwd: many })).toString("latin1").split("\0");
    expect(chunks.flat().sort()).toEqual(expected.slice(0, -1).sort());
    expect(chunks.flat()).toHaveLength(1_000);
  });

  test("are of the matches only, in the format that was asked for", async () => {
    const directories = await found([tree], ["-type", "d"], "%y %P");
    expect(directories.sort()).toEqual(["d ", "d -dir", "d .hidden", "d d e", "d d e/ f"]);
  });

  test("are none where nothing matches", async () => {
    expect(await found([tree], ["-type", "p"], "%P")).toEqual([]);
  });

  test("do not follow symbolic links", async () => {
    const other = await scratch.fresh();
    await symlink(tree, join(other, "link"));
    expect(await found([other], ["-mindepth", "1"], "%y %P")).toEqual(["l link"]);
  });

  test("come from every tree, in the order of the trees", async () => {
    const [one, other] = [await scratch.fresh(), await scratch.fresh()];
    await writeFile(join(one, "a"), "");
    await writeFile(join(other, "b"), "");
    expect(await found([other, one], ["-type", "f"], "%P")).toEqual(["b", "a"]);
  });

  test("end with find's words for a tree that is not there, after what the others hold", async () => {
    const records: string[] = [];
    const missing = join(scratch.path, "not-there");
    const reading = (async () => {
      for await (const some of findRecords([tree, missing], ["-name", "x"], "%P")) records.push(...some);
    })();
    await expect(reading).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(missing),
    });
    expect(records).toEqual([".hidden/x"]);
  });

  test("end with CANCELLED when the signal aborts between two of them", async () => {
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of findRecords(["/usr", "/usr", "/usr"], [], "%p", controller.signal))
        controller.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("are none but CANCELLED where the signal was aborted before", async () => {
    const reading = found([tree], [], "%P", AbortSignal.abort());
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });

  test("name the package where find is not installed", async () => {
    const nothing = await scratch.fresh();
    await expect(withEnvironment({ PATH: nothing }, () => found([nothing], [], "%P"))).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("package findutils"),
    });
  });
});

describe("the records of several trees", () => {
  test("come with the tree they were found in, whatever its name", async () => {
    const directory = await scratch.fresh();
    const roots = ["naïve", "with space", "new\nline", "-dash", "%H"].map((name) => join(directory, name));
    for (const root of roots) {
      await mkdir(root);
      await writeFile(join(root, "file"), "");
      await writeFile(join(root, "é"), "");
    }
    const records = await collect(findInEach(roots, ["-type", "f"], "%P"));
    const expected = roots.flatMap((root) => [
      [root, "file"],
      [root, Buffer.from("é").toString("latin1")],
    ]);
    expect(records.map((record) => [...record]).sort()).toEqual(expected.sort());
  });

  test("keep together what belongs together, wherever a chunk ends", async () => {
    const roots = [await scratch.fresh(), await scratch.fresh()];
    for (const [index, root] of roots.entries())
      await shell(`touch ${index}-{1..400}-$(printf 'n%.0s' {1..99})`, { cwd: root });
    const records = await collect(findInEach(roots, ["-type", "f"], "%P"));
    expect(records).toHaveLength(800);
    for (const [root, record] of records) expect(root).toBe(roots[Number(record.slice(0, 1))]);
  });

  test("are none, without a run of find, where there are no trees", async () => {
    const nothing = await scratch.fresh();
    expect(await withEnvironment({ PATH: nothing }, () => collect(findInEach([], [], "%P")))).toEqual([]);
  });

  test("may be left before their end", async () => {
    for await (const [root] of findInEach([tree], [], "%P")) {
      expect(root).toBe(tree);
      break;
    }
  });
});
