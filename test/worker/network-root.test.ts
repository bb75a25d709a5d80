// A root on a file system whose locks hold within one host: FUSE stands for NFS, and the marker of a host for the host.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { networkFileSystem } from "../../src/disk/index.js";
import { startWorker } from "../../src/worker/index.js";
import { useDock } from "../support/dock.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const dock = useDock();
const scratch = useScratchDirectory();
const mounted: string[] = [];
afterEach(() => {
  for (const target of mounted.splice(0)) execFileSync("umount", [target]);
});

async function fuseRoot(): Promise<string> {
  const directory = await scratch.fresh();
  const [lower, upper, work, root] = ["lower", "upper", "work", "root"].map((name) => join(directory, name));
  for (const path of [lower, upper, work, root]) mkdirSync(path as string);
  execFileSync("fuse-overlayfs", [
    "-o",
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    root as string,
  ]);
  mounted.push(root as string);
  return root as string;
}

/** As a worker of another host leaves it. */
function markOther(root: string): string {
  mkdirSync(join(root, "run/workers"), { recursive: true });
  const path = join(root, "run/workers", "00000000-0000-4000-8000-000000000000.1.2.3.other");
  writeFileSync(path, "");
  return path;
}

it("is served by one host, and refused to a second, which touches nothing", async () => {
  const root = await fuseRoot();
  expect(await networkFileSystem(root)).toEqual({ name: "FUSE", locksBetweenHosts: false });
  const lines: string[] = [];
  const options = { redis: dock.redis, graph: "network-root", root, host: "here", provesEngineLate: true };
  const worker = await startWorker({ ...options, log: (line) => lines.push(line) });
  await worker.close(0);
  expect(lines).toContain(
    `the root ${root} is on FUSE, whose locks hold within one host: no other may serve it`,
  );
  const path = markOther(root);
  await expect(startWorker(options)).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringContaining(`remove ${path} once other is gone for good`),
  });
  expect(readdirSync(join(root, "run/workers"))).toHaveLength(1);
});

it("on a disk of this machine is served beside other hosts, such as containers", async () => {
  const root = await scratch.fresh();
  markOther(root);
  const options = { redis: dock.redis, graph: "local-root", root, host: "here", provesEngineLate: true };
  await (await startWorker(options)).close(0);
});
