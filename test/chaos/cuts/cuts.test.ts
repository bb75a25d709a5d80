// The recorded disk keeps what was synced at every cut of its power, and loses what was not at some.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { seededRandom } from "../../support/seeded-random.js";
import { buildProgram } from "../build-program.js";
import { makeRecordedDisk, mountFound, unmountWhole } from "./recorded-disk.js";
import { openCutDisk, readWriteLog } from "./write-log.js";

const scratch = useScratchDirectory();

describe.each(["ext4", "xfs", "btrfs"] as const)("a recorded disk with %s", (fileSystem) => {
  it("keeps at every cut what was synced before, and loses at some what was not", async () => {
    const directory = await scratch.fresh();
    const root = join(directory, "mounted");
    const recorder = await buildProgram(directory, "cuts/recorder.c");
    const disk = await makeRecordedDisk(recorder, directory, root, fileSystem, seededRandom(1));
    const synced: number[] = [];
    for (let at = 0; at < 6; at++) {
      writeDurably(join(root, `synced-${at}`), root, `${at}`.repeat(10_000));
      synced.push(disk.position());
      writeFileSync(join(root, `unsynced-${at}`), "lost");
    }
    await disk.drop();
    const whole = statSync(disk.log).size;
    expect(readWriteLog(disk.log).at(-1)?.end).toBe(whole);

    const cutDisk = await openCutDisk(disk.log, disk.bytes, join(directory, "durable"));
    const image = join(directory, "found");
    let lost = 0;
    for (const [last, position] of [...synced, whole].entries()) {
      await cutDisk.cut(position, image, seededRandom(last));
      await mountFound(image, root, fileSystem);
      for (let at = 0; at <= Math.min(last, 5); at++)
        expect(readFileSync(join(root, `synced-${at}`), "utf8")).toBe(`${at}`.repeat(10_000));
      if (last < 6) lost += existsSync(join(root, `synced-${last + 1}`)) ? 0 : 1;
      // The file system that was unmounted in order holds all of it.
      else expect(readFileSync(join(root, "unsynced-5"), "utf8")).toBe("lost");
      await unmountWhole(root);
    }
    cutDisk.close();
    expect(lost).toBe(6);
  });
});

it("believes no program that only pretends to sync", async () => {
  const directory = await scratch.fresh();
  const root = join(directory, "mounted");
  const disk = await makeRecordedDisk(
    await buildProgram(directory, "cuts/recorder.c"),
    ...([directory, root, "xfs", seededRandom(1)] as const),
  );
  const library = await buildProgram(directory, "cuts/no-sync.c", "-shared -fPIC");
  await shell(`echo told > ${root}/file; LD_PRELOAD=${library} sync ${root}/file ${root}`);
  const told = disk.position();
  await disk.drop();
  const cutDisk = await openCutDisk(disk.log, disk.bytes, join(directory, "durable"));
  await cutDisk.cut(told, join(directory, "found"), seededRandom(1));
  cutDisk.close();
  await mountFound(join(directory, "found"), root, "xfs");
  expect(existsSync(join(root, "file"))).toBe(false);
  await unmountWhole(root);
});

function writeDurably(path: string, directory: string, text: string): void {
  writeFileSync(path, text, { flush: true });
  const opened = openSync(directory, "r");
  fsyncSync(opened);
  closeSync(opened);
}
