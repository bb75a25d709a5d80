// stevedore checksum: new ones, stored ones, those of Docker's own file, and what fails among them.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerImages, unpackDockerGraph } from "../../../support/images/docker-graph.js";
import { runCommand } from "../../../support/processes/command.js";
import { pathWithout } from "../../../support/processes/path-without.js";
import { useServedDockerGraph } from "../../../support/processes/served-docker-graph.js";
import { sha256Of, shell } from "../../../support/processes/shell.js";
import { stevedore } from "../../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";
import { thenFill } from "../../../support/trees/documented-tar.js";

const scratch = useScratchDirectory({ inMemory: true });
const served = useServedDockerGraph(scratch);
const ids = Object.values(dockerImages).sort();

/** The archive of each recipe, as a shell makes it. */
const archives = {
  "xz-6": `${canonicalTar()} | xz -6 --check=crc64 --block-size=8MiB -T2`,
  "xz-1": `${canonicalTar()} | xz -1 --check=crc64 --block-size=8MiB -T2`,
  docker: "bsdtar -f - -C layer -cJ .",
};

describe("stevedore checksum", () => {
  it("--all --recipe docker returns what Docker stored, without computing it", async () => {
    const { code, json } = await runCommand(["checksum", "--all", "--recipe", "docker", "--json"], served);
    const stored = JSON.parse(readFileSync(join(served.root, "checksums"), "utf8"));
    expect(code).toBe(0);
    expect(json.failed).toEqual([]);
    expect(json.checksums).toEqual(
      ids.map((id) => ({
        id,
        recipe: "docker",
        checksum: stored[id],
        tarDigest: null,
        layerBytes: expect.any(Number),
        archiveBytes: null,
        cached: true,
        durationMs: expect.any(Number),
      })),
    );
  });

  it("of an image that is named twice is one job, and two results", async () => {
    const [id] = ids as [string];
    const args = ["checksum", id, id, "--recipe", "xz-1", "--verbose", "--json"];
    const { code, json, stderr } = await runCommand(args, served);
    expect(code).toBe(0);
    expect(json.checksums.map((result: { id: string }) => result.id)).toEqual([id, id]);
    const jobs = new Set(stderr.match(/job [A-Za-z0-9_-]+ is completed/g));
    expect([jobs.size, stderr.match(/is completed/g)?.length]).toEqual([1, 1]);
  });

  it.each(Object.entries(archives))(
    "--recipe %s is what a shell computes on the same disk",
    async (recipe, archive) => {
      const { code, json } = await runCommand(
        ["checksum", "--all", "--recipe", recipe, "--force", "--json"],
        served,
      );
      expect({ code, failed: json.failed }).toEqual({ code: 0, failed: [] });
      for (const { id, checksum, cached, archiveBytes } of json.checksums) {
        const cwd = join(served.root, "graph", id);
        expect(cached).toBe(false);
        expect(checksum).toBe(sha256Of(await shell(`{ cat json; echo; ${archive}; } | sha256sum`, { cwd })));
        expect(archiveBytes).toBe((await shell(archive, { cwd })).length);
      }
      expect(json.checksums.map(({ id }: { id: string }) => id)).toEqual(ids);
    },
  );

  it("computes once, then returns the stored one; text is what sha256sum prints", async () => {
    const again = await runCommand(["checksum", "27cf", "--json"], served);
    expect(again.json.checksums).toMatchObject([{ id: dockerImages.middle, recipe: "xz-6", cached: true }]);
    const text = await runCommand(["checksum", "27cf", "8dbd"], served);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(
      new RegExp(
        `^${again.json.checksums[0].checksum}  ${dockerImages.middle}\nsha256:[0-9a-f]{64}  ${dockerImages.base}\n$`,
      ),
    );
  });

  it("does the rest if some fail", async () => {
    const { code, stderr, json } = await runCommand(["checksum", "27cf", "../x", "nobody", "--json"], served);
    expect(code).toBe(1);
    expect(json.checksums).toMatchObject([{ id: dockerImages.middle }]);
    expect(json.failed).toEqual([
      { id: "../x", code: "INVALID_ID", message: expect.stringContaining("../x") },
      { id: "nobody", code: "IMAGE_NOT_FOUND", message: expect.stringContaining("nobody") },
    ]);
    expect(stderr).toMatch(/INVALID_ID: .*\.\.\/x/);
    expect(stderr).toMatch(/IMAGE_NOT_FOUND: .*nobody/);
  });

  it("refuses a recipe that does not exist, naming those that do", async () => {
    const { code, stderr, json } = await runCommand(
      ["checksum", "27cf", "--recipe", "md5", "--json"],
      served,
    );
    expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: "UNKNOWN_RECIPE" } } });
    expect(stderr).toMatch(/"md5".*xz-6, xz-1, docker/);
  });

  it.each([[[]], [["--all", "27cf"]]])(
    "is wrong usage with neither ids nor --all, or both: %j",
    async (args) => {
      const { code, json } = await runCommand(["checksum", ...args, "--json"], served);
      expect({ code, json }).toMatchObject({ code: 2, json: { error: { code: "INVALID_OPTION" } } });
    },
  );

  it("--all reports a broken image and does the others", async () => {
    const damaged = await scratch.fresh();
    await unpackDockerGraph(damaged);
    rmSync(join(damaged, "graph", dockerImages.left, "layer"), { recursive: true });
    const { code, json, stderr } = await runCommand(["checksum", "--all", "--recipe", "xz-1", "--json"], {
      root: damaged,
    });
    expect(code).toBe(1);
    expect(json.checksums).toHaveLength(3);
    expect(json.failed).toMatchObject([{ id: dockerImages.left, code: "IMAGE_BROKEN" }]);
    expect(stderr).toContain(dockerImages.left);
  });

  it("--all --detach leaves the whole graph to one job", async () => {
    const { code, stdout } = await runCommand(["checksum", "--all", "--detach", "--recipe", "xz-1"], served);
    expect(code).toBe(0);
    expect((await runCommand(["job", stdout.trim(), "--json"], served)).json).toMatchObject({
      name: "checksum-graph",
      data: { recipe: "xz-1" },
    });
  });

  it("without an xz program gives the same", async () => {
    const PATH = pathWithout(await scratch.fresh(), "xz");
    const fresh = await scratch.fresh();
    await unpackDockerGraph(fresh);
    const args = ["checksum", "b750", "--json"];
    const [without, ordinary] = await Promise.all([
      stevedore(args, { root: fresh, env: { PATH } }),
      runCommand(args, served),
    ]);
    expect(without.code).toBe(0);
    expect(without.json.checksums[0].cached).toBe(false);
    expect(without.json.checksums[0].checksum).toBe(ordinary.json.checksums[0].checksum);
  });
});

function canonicalTar(): string {
  return (
    "LC_ALL=C tar --sort=name --format=posix --numeric-owner " +
    "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime " +
    "--xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C layer -cf - ." +
    thenFill
  );
}
