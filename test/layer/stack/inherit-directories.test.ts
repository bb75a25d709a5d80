// Directories that a layer only implies, where the layers below have them.
import { execa } from "execa";
import { expect, it } from "vitest";
import { inheritDirectories } from "../../../src/layer/index.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();

async function layer(script: string): Promise<string> {
  const directory = await scratch.fresh();
  await execa("bash", ["-euc", `umask 022; ${script}`], { cwd: directory });
  return directory;
}

/** The lines of some directories of a tree. */
async function linesOf(directory: string, paths: readonly string[]): Promise<string[]> {
  const lines = await listTree(directory);
  return paths.map((path) => lines.find((line) => line.startsWith(`${JSON.stringify(path)} `)) ?? "");
}

it("a directory gets all that the topmost layer below has for it, unless it is new there", async () => {
  const bottom = await layer(`
    mkdir -p a/b hidden/c opaque/d made file-below; chmod 2711 a; chown 5:6 a; setfattr -n user.x -v 1 a; chmod 1777 a/b
    chmod 700 hidden hidden/c opaque opaque/d made; touch -d @1000000000.123456789 a/b made . ; chmod 751 .`);
  const middle = await layer(`
    mkdir -p a opaque; chmod 700 a; touch .wh.hidden opaque/.wh..wh..opq; rmdir opaque/d 2>&- || true
    chmod 711 opaque; echo f > file; touch -d @1200000000.5 a opaque; chmod 710 . ; setfattr -n user.root -v r .`);
  const own = await layer(`
    mkdir -p a/b hidden/c opaque/d made new file; touch .wh.made
    find . -type d -exec chmod 755 {} + ; find . -depth -type d -exec touch -d @0 {} +`);
  const before = await listTree(own);
  const implied = ["", "a", "a/b", "hidden", "hidden/c", "opaque", "opaque/d", "made", "new", "file"];
  await inheritDirectories(own, implied, [middle, bottom]);

  expect(await linesOf(own, [".", "a", "opaque"])).toEqual(await linesOf(middle, [".", "a", "opaque"]));
  expect(await linesOf(own, ["a/b"])).toEqual(await linesOf(bottom, ["a/b"]));
  const unchanged = ["hidden", "hidden/c", "opaque/d", "made", "new", "file", ".wh.made"];
  const linesBefore = unchanged.map((path) => before.find((line) => line.startsWith(`"${path}" `)) ?? "");
  expect(await linesOf(own, unchanged)).toEqual(linesBefore);
});
