// Archives as Docker wrote them until 1.9, made by a shell: nothing of their records is touched.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runJob, shell, useDock } from "../support/dock.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { type OldImage, writeOldArchive } from "../support/images/old-docker-archive.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shownTree } from "../support/mounts/scratch-mounts.js";
import { thenFill } from "../support/trees/documented-tar.js";

const dock = useDock();
afterAll(() => unmountBelow(dock.scratch));

const [base, middle, top] = ["a1", "b2", "c3"].map((pair) => pair.repeat(32)) as [string, string, string];
const short = "27cf784147099545";

/** As Docker 0.7 wrote them: spaces, order, escapes and unknown fields are its own, and stay. */
const images: readonly OldImage[] = [
  {
    id: base,
    record: `{"id":"${base}","comment":"Imported from -","created":"2013-05-02T15:18:33.123456789Z","container_config":{"Hostname":"","Memory":0,"Env":null},"docker_version":"0.7.6"}`,
    script: `mkdir -p etc var/lib; echo root > etc/passwd; ln etc/passwd etc/same; ln -s passwd etc/link; mkfifo var/fifo
      mknod null c 1 3; touch -d '2013-05-02 15:18:33.5' etc/passwd; echo d > var/lib/deleted; chmod 4755 etc/passwd`,
  },
  {
    id: middle,
    record: `{ "unknown": [1, 2.50, 1e3, "\\u003c\\/script\\u003e"],\n  "id": "${middle}", "parent":"${base}",\t"created":"2013-05-02T15:18:34Z", "container_config":{"Cmd":["/bin/sh","-c","\\u0022é\\u2028"]}, "architecture":"amd64","Size":18446744073709551615 }\n`,
    script: "mkdir -p var/lib etc; touch var/lib/.wh.deleted etc/.wh.link; echo new > etc/new",
  },
  {
    id: top,
    record: `{"id":"${top}","parent":"${middle}","created":"2013-05-02T15:18:35+02:00","container_config":{},"config":{"Cmd":["sh"],"Labels":{"id":"other"}}}`,
    script: "mkdir etc; touch etc/.wh..wh..opq; echo only > etc/only",
  },
];

describe("an archive as Docker 0.7 to 1.9 wrote it", () => {
  it("keeps its ids, every byte of its records, its names and its trees", () =>
    dock.serving(async ({ producer, root }) => {
      const names = { "example.org/old": { latest: top, "1.0": middle }, base: { x: base } };
      const archive = await writeOldArchive(dock.scratch, "old", images, JSON.stringify(names));
      const imported = await runJob(producer, "import", { source: { path: archive } });
      expect(imported).toMatchObject({
        format: "docker-legacy",
        layersAdded: 3,
        layersPresent: 0,
        moved: [],
      });
      const named = imported.images.map(({ id, names: ofImage }) => [id, [...ofImage].sort()] as const);
      expect(new Map(named)).toEqual(
        new Map([
          [top, ["example.org/old:latest"]],
          [middle, ["example.org/old:1.0"]],
          [base, ["base:x"]],
        ]),
      );
      for (const { id } of images) shell(`cmp ${dock.scratch}/old/${id}/json ${root}/graph/${id}/json`);
      expect(JSON.parse(readFileSync(join(root, "repositories"), "utf8"))).toEqual({ Repositories: names });

      const mounted = await runJob(producer, "mount", { id: "example.org/old", readOnly: true });
      expect(shell(`cd ${mounted.target} && find . -mindepth 1 | LC_ALL=C sort`).split("\n")).toEqual(
        ["etc", "etc/only", "null", "var", "var/fifo", "var/lib"].map((path) => `./${path}`),
      );
      await runJob(producer, "unmount", { mountId: mounted.mountId });
      const ofBase = await runJob(producer, "mount", { id: "base:x", readOnly: true });
      expect(await shownTree(ofBase.target)).toEqual(await shownTree(`${dock.scratch}/old.trees/${base}`));
      await runJob(producer, "unmount", { mountId: ofBase.mountId });
    }));

  it("has the checksum that the shell line gives for its record and the tree it was made of", () =>
    dock.serving(async ({ producer }) => {
      const archive = await writeOldArchive(dock.scratch, "summed", images);
      await runJob(producer, "import", { source: { path: archive } });
      for (const { id } of images) {
        const { checksum } = await runJob(producer, "checksum", { id, recipe: "xz-6" });
        const documented = shell(
          `cd ${dock.scratch} && { cat summed/${id}/json; echo; tar --sort=name --format=posix --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C summed.trees/${id} -cf - .${thenFill} | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum`,
        );
        expect(checksum).toBe(`sha256:${documented.slice(0, 64)}`);
      }
    }));

  it("may be of ids that Docker 0.3 made, and without names", () =>
    dock.serving(async ({ producer, root }) => {
      const record = `{"id":"${short}","created":"2013-04-01T00:00:00Z","container_config":{"Hostname":"x"}}`;
      const archive = await writeOldArchive(dock.scratch, "short", [
        { id: short, record, script: "echo a > a" },
      ]);
      const { images: found } = await runJob(producer, "import", { source: { path: archive } });
      expect(found).toEqual([{ id: short, names: [], layers: 1 }]);
      shell(`cmp ${dock.scratch}/short/${short}/json ${root}/graph/${short}/json`);
    }));

  it("may be made of a graph that Docker 0.3 itself wrote", () =>
    dock.serving(async ({ producer, root }) => {
      const directory = join(dock.scratch, "docker-0.3");
      mkdirSync(directory);
      await unpackDockerGraph(directory);
      shell(
        `cd ${directory}/graph && mkdir ../saved && for id in *; do [ -f "$id/json" ] || continue
          mkdir ../saved/$id && printf 1.0 > ../saved/$id/VERSION && cp $id/json ../saved/$id/json
          tar -C $id/layer --numeric-owner -cf ../saved/$id/layer.tar . ; done; tar -C ../saved -cf ../saved.tar .`,
      );
      const imported = await runJob(producer, "import", { source: { path: `${directory}/saved.tar` } });
      expect(imported).toMatchObject({ format: "docker-legacy", layersAdded: 4 });
      for (const id of Object.values(dockerImages)) {
        shell(`cmp ${directory}/graph/${id}/json ${root}/graph/${id}/json`);
        expect(await shownTree(`${root}/graph/${id}/layer`)).toEqual(
          (await shownTree(`${directory}/graph/${id}/layer`)).map(withoutFraction),
        );
      }
    }));
});

/** A time as the old format of tar has it. */
function withoutFraction(line: string): string {
  return line.replace(/( \d+:\d+ \d+)\d{9}( |$)/, "$1000000000$2");
}
