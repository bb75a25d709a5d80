import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { openMounts } from "../../../src/mount/index.js";
import { mountedNow } from "../../support/mounts/mounted.js";
import {
  expectLayers,
  mountsBelow,
  newGraph,
  shownTree,
  useScratchMounts,
  writeImage,
  writeStack,
} from "../../support/mounts/scratch-mounts.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { itConforms, optionsOf } from "./conformance.js";

const scratch = useScratchMounts();
const driver = "overlay";

itConforms(driver, {
  breaking: async () => ({ mount: "echo 'mount: it broke' >&2; exit 32" }),
  breakingCode: "MOUNT_FAILED",
  rootName: "a:b,c\\d e=f",
});

it("a mount that the kernel made read-only, for the disk was full just then, is refused, and leaves nothing", async () => {
  const disk = await scratch.fresh();
  await execa("mount", ["-t", "tmpfs", "-o", "nr_inodes=200", "none", disk]);
  const graph = await openGraph(join(disk, "root"), { create: true });
  const id = await writeStack(graph, [""]);
  const tools = await scratch.fresh();
  const filling = `#!/bin/sh
    at=0; while true > ${disk}/filler-$at; do at=$((at + 1)); done 2>/dev/null
    PATH=\${PATH#*:} mount "$@"; code=$?; rm -f ${disk}/filler-*; exit $code`;
  writeFileSync(join(tools, "mount"), filling, { mode: 0o755 });
  const mounts = openMounts(graph);
  await withEnvironment({ PATH: `${tools}:${process.env.PATH}` }, () =>
    expect(mounts.mount({ id, driver })).rejects.toMatchObject({ code: "NO_SPACE" }),
  );
  expect(mountsBelow(graph.root)).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts")).filter((name) => /^[0-9a-f]{16}$/.test(name))).toEqual([]);
  const { target } = await mounts.mount({ id, driver });
  writeFileSync(join(target, "there is space again"), "");
});

it("shows 500 layers, with whiteouts among them", async () => {
  const graph = await newGraph(scratch);
  let parent: string | undefined;
  for (let number = 0; number < 500; number++) {
    const id = `chain-${number}`;
    await writeImage(graph, { id, parent });
    const layer = join(graph.directory, id, "layer");
    writeFileSync(join(layer, `file-${number}`), `${number}`);
    writeFileSync(join(layer, "all"), `${number}`);
    if (number % 100 === 99) writeFileSync(join(layer, `.wh.file-${number - 50}`), "");
    parent = id;
  }
  const mounts = openMounts(graph);
  const { target, layers } = await mounts.mount({ id: "chain-499", driver });
  expect(layers).toBe(500);
  const shown = await expectLayers(scratch, target, graph, "chain-499");
  expect(shown).toHaveLength(1 + 1 + 500 - 5);
  const readOnly = await mounts.mount({ id: "chain-499", driver, isReadOnly: true });
  expect(await shownTree(readOnly.target)).toEqual(shown);
});

it("an overlay takes options that lift the defaults", async () => {
  const graph = await newGraph(scratch);
  const id = await writeStack(graph, ["echo a > a"]);
  const options = ["noexec", "suid", "dev"];
  const { target } = await openMounts(graph).mount({ id, driver, options });
  expect(mountedNow().find((mounted) => mounted.target === target)?.type).toBe("overlay");
  expect(optionsOf(target)).toContain("noexec");
  expect(optionsOf(target)).not.toContain("nosuid");
  expect(optionsOf(target)).not.toContain("nodev");
});

it("the upper of an overlay holds what was written, and a device for what was deleted", async () => {
  const graph = await newGraph(scratch);
  const id = await writeStack(graph, ["mkdir d; echo a > a; echo b > d/b", "echo c > c; touch .wh.a"]);
  const { target, upper } = await openMounts(graph).mount({ id, driver });
  await execa("bash", ["-euc", "echo new > new; echo more >> d/b; rm c; echo a > a"], { cwd: target });
  expect(readdirSync(`${upper}`).sort()).toEqual(["a", "c", "d", "new"]);
});

it("an overlay whose upper the kernel refuses tells the refusal, and leaves nothing", async () => {
  const outer = await newGraph(scratch);
  const around = await openMounts(outer).mount({ id: await writeStack(outer, ["mkdir d"]), driver });
  const graph = await openGraph(join(around.target, "root"), { create: true });
  const id = await writeStack(graph, ["echo a > a"]);
  const mounts = openMounts(graph);
  const refused = mounts.mount({ id, driver });
  await expect(refused).rejects.toMatchObject({
    code: "MOUNT_FAILED",
    message: expect.stringMatching(
      /^the image layer-1 cannot be mounted on .*rootfs: mount: exit code 32: mount: /s,
    ),
  });
  expect(mounts.list()).toEqual([]);
  expect(readdirSync(join(graph.root, "mounts"))).toEqual([]);
  expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  expect(mountsBelow(graph.root)).toEqual([]);
});
