// The jobs about mounts, through the queue: an image is mounted, written to, committed, and mounted again.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mountOptionNames } from "../../../src/jobs/index.js";
import type { Producer } from "../../../src/producer/index.js";
import { runJob, shell, useDock } from "../../support/dock.js";
import { mountedBelow, unmountBelow } from "../../support/mounts/mounted.js";
import { shownTree } from "../../support/mounts/scratch-mounts.js";
import { thenFill } from "../../support/trees/documented-tar.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { listTree } from "../../support/trees/tree-listing.js";

const dock = useDock();
/** A tree with names to be deleted, replaced and changed; and one on top that deletes some of it itself. */
let lower: string;
let upper: string;

beforeAll(async () => {
  lower = mkdtempSync(join(dock.scratch, "lower-"));
  upper = mkdtempSync(join(dock.scratch, "upper-"));
  await makeRichTree(lower);
  shell(`cd ${lower} && mkdir -p opt/tool/deep srv/www var/log var/cache gone/away home plain && umask 022 &&
    for f in opt/tool/old opt/tool/deep/er srv/www/page var/log/messages gone/away/file gone/file; do echo $f > $f; done &&
    echo a > to-directory && echo b > renamed-from && echo c > rewritten && echo d > plain/untouched`);
  shell(`cd ${upper} && mkdir -p etc var/cache plain && touch etc/.wh.dangling var/cache/.wh..wh..opq &&
    echo top > var/cache/top && touch -d '2014-01-01 00:00:00.000000001' var/cache plain .`);
});
afterAll(() => unmountBelow(dock.scratch));

/** Everything that can be done to a mounted tree. */
const everything = `
umask 022
rm -f rich/etc/.wh.*
ln rich/usr/lib/large rich/large-again
rm -r gone/away
rm usr/lib/nothing
rm -r opt/tool && mkdir -m 2751 opt/tool && echo new > opt/tool/new && chown 5:6 opt/tool
rm -r srv/www && echo file > srv/www
rm to-directory && mkdir -p to-directory/in && echo in > to-directory/in/it
mv renamed-from renamed-to
mv var/log var/log.1
chown 1234:99999 etc/passwd && chmod 0640 etc/passwd && setfattr -n user.comment -v changed etc/passwd
echo more >> usr/lib/a
ln usr/lib/one-block usr/lib/one-block-again
setcap cap_net_admin+ep usr/bin/su
chmod 0711 home && setfattr -n user.home -v yes home
touch -h -d '1999-12-31 23:59:59.987654321' etc/absolute
ln -sfn elsewhere usr/lib64
echo again > rewritten && touch -d '2013-06-01 12:00:00.123456789' rewritten
touch -d '2011-11-11 11:11:11.111111111' var opt srv usr/lib
chown 7:8 . && chmod 0751 . && setfattr -n user.root -v yes . && touch -d '2010-10-10 10:10:10.000000010' .
`;

const everyChange = `
C /etc/absolute
C /etc/passwd
C /gone
D /gone/away
C /home
C /opt
C /opt/tool
D /opt/tool/deep
A /opt/tool/new
D /opt/tool/old
D /renamed-from
A /renamed-to
C /rewritten
A /rich
C /srv
C /srv/www
C /to-directory
A /to-directory/in
A /to-directory/in/it
C /usr
C /usr/bin/su
C /usr/lib
C /usr/lib/a
D /usr/lib/nothing
C /usr/lib/one-block
A /usr/lib/one-block-again
C /usr/lib64
C /var
D /var/log
A /var/log.1
A /var/log.1/messages`
  .split("\n")
  .slice(1);

describe("what is written to a mount", () => {
  it("becomes an image that, mounted, is the same tree to the last attribute", () =>
    dock.serving(async ({ producer, root }) => {
      await storeTrees(producer);
      const mounted = await runJob(producer, "mount", { id: "to" });
      expect(mounted).toEqual({
        mountId: expect.stringMatching(/^[0-9a-f]{16}$/),
        id: "top",
        host: hostname(),
        target: join(root, "mounts", mounted.mountId, "rootfs"),
        driver: "overlay",
        layers: 2,
        upper: join(root, "mounts", mounted.mountId, "upper"),
        durationMs: expect.any(Number),
      });
      expect(readdirSync(join(mounted.target, "var/cache"))).toEqual(["top"]);
      mkdirSync(join(mounted.target, "rich"));
      await makeRichTree(join(mounted.target, "rich"));
      shell(`set -e; cd ${mounted.target}; ${everything}`);
      const written = await shownTree(mounted.target);

      const { changes } = await runJob(producer, "changes", { target: mounted.target });
      const paths = changes.map(({ path }) => path);
      expect(paths).toEqual(paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      const isInRich = ({ path }: { path: string }) => path.startsWith("/rich/");
      expect(changes.filter((change) => !isInRich(change)).map(describeChange)).toEqual(everyChange);
      expect(new Set(changes.filter(isInRich).map(({ kind }) => kind))).toEqual(new Set(["add"]));
      expect(changes.filter(isInRich)).toHaveLength(
        (await listTree(join(mounted.target, "rich"))).length - 1,
      );

      const committed = await runJob(producer, "commit", {
        mountId: mounted.mountId.slice(0, 8),
        target: mounted.target,
        image: { id: "committed", comment: "by hand", os: "linux" },
      });
      expect(committed).toMatchObject({ id: "committed", parent: "top", compression: "none", stored: true });
      const directory = join(root, "graph/committed");
      // Its archive was made here.
      expect(readFileSync(join(directory, "layer.json"), "utf8")).not.toContain("lossless");
      expect(JSON.parse(readFileSync(join(directory, "json"), "utf8"))).toMatchObject({
        ...{ id: "committed", parent: "top", comment: "by hand", os: "linux" },
        created: expect.any(String),
      });

      const { checksum } = await runJob(producer, "checksum", { id: "committed" });
      const documented = shell(
        `cd ${directory} && { cat json; echo; tar --sort=name --format=posix --numeric-owner --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C layer -cf - .${thenFill} | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum`,
      );
      expect(checksum).toBe(`sha256:${documented.split(" ")[0]}`);

      const again = await runJob(producer, "mount", { id: "committed", readOnly: true });
      expect(again).toMatchObject({ id: "committed", layers: 3 });
      expect(again.upper).toBeUndefined();
      expect(await shownTree(again.target)).toEqual(written);
      const copied = await runJob(producer, "mount", { id: "committed", driver: "copy" });
      expect(await shownTree(copied.target)).toEqual(written);
      expect(await shownTree(mounted.target)).toEqual(written);

      for (const { mountId, target } of [mounted, again, copied]) {
        expect(await runJob(producer, "unmount", { mountId })).toEqual({ mountId, target });
      }
      expectNothingMounted(root);
    }));
});

describe("a mount", () => {
  it("has the options nodev and nosuid unless it lifts them, and those that it asks for", () =>
    dock.serving(async ({ producer, root }) => {
      await storeTrees(producer);
      await runJob(producer, "mount", { id: "base" });
      await runJob(producer, "mount", { id: "top", options: ["suid", "noexec"] });
      const [plain, asked] = mountedBelow(root).map(({ options }) => options);
      expect(plain).toEqual(expect.arrayContaining(["rw", "nodev", "nosuid"]));
      expect(plain).not.toContain("noexec");
      expect(asked).toEqual(expect.arrayContaining(["rw", "nodev", "noexec"]));
      expect(asked).not.toContain("nosuid");
    }));

  it.each(["overlay", "fuse-overlayfs"] as const)("takes every option that there is with %s", (driver) =>
    dock.serving(async ({ producer, root }) => {
      await storeTrees(producer);
      for (const option of mountOptionNames) {
        const { mountId } = await runJob(producer, "mount", { id: "base", driver, options: [option] });
        await runJob(producer, "unmount", { mountId });
      }
      expectNothingMounted(root);
    }),
  );

  it("keeps its image and its image's ancestors from being deleted until it is unmounted", () =>
    dock.serving(async ({ producer, root }) => {
      await storeTrees(producer);
      const { mountId, target } = await runJob(producer, "mount", { id: "top" });
      await expect(runJob(producer, "delete", { id: "top" })).rejects.toMatchObject({
        code: "IMAGE_IN_USE",
        message: expect.stringMatching(new RegExp(`top.*${mountId}`)),
      });
      await expect(runJob(producer, "delete", { id: "base" })).rejects.toMatchObject({
        code: "IMAGE_IN_USE",
      });
      await runJob(producer, "unmount", { target });
      expect(await runJob(producer, "delete", { id: "top" })).toEqual({ id: "top" });
      expectNothingMounted(root);
    }));

  it("keeps what was written to it if its unmount is told so, for changes and for a commit with a checksum", () =>
    dock.serving(async ({ producer, root }) => {
      await storeTrees(producer);
      const { mountId, target, upper: written } = await runJob(producer, "mount", { id: "top" });
      writeFileSync(join(target, "home/note"), "kept");
      const unmounted = await runJob(producer, "unmount", { mountId, keepUpper: true });
      expect(unmounted).toEqual({ mountId, target, upper: written });
      expect(mountedBelow(root)).toEqual([]);
      const { changes } = await runJob(producer, "changes", { mountId });
      expect(changes.map(describeChange)).toEqual(["C /home", "A /home/note"]);

      const commit = await producer.enqueue("commit", { mountId, checksum: "xz-1" });
      const { id } = await producer.wait(commit);
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      const { created } = JSON.parse(readFileSync(join(root, "graph", id, "json"), "utf8"));
      expect((await producer.job(commit.id))?.data).toMatchObject({ image: { id, created } });
      expect(readFileSync(join(root, "graph", id, "layer/home/note"), "utf8")).toBe("kept");
      expect(await runJob(producer, "checksum", { id, recipe: "xz-1" })).toMatchObject({
        id,
        recipe: "xz-1",
      });

      await expect(runJob(producer, "unmount", { mountId, keepUpper: true })).rejects.toMatchObject({
        code: "NOT_MOUNTED",
      });
      expect(await runJob(producer, "unmount", { mountId })).toEqual({ mountId, target });
      expectNothingMounted(root);
    }));
});

/** As `docker diff` writes it. */
function describeChange({ kind, path }: { kind: "modify" | "add" | "delete"; path: string }): string {
  return `${{ modify: "C", add: "A", delete: "D" }[kind]} ${path}`;
}

async function storeTrees(producer: Producer): Promise<void> {
  await runJob(producer, "store", { image: { id: "base" }, layer: { path: lower } });
  await runJob(producer, "store", { image: { id: "top", parent: "base" }, layer: { path: upper } });
}

/** No mount in the kernel's table nor in the root, and nothing in staging. */
function expectNothingMounted(root: string): void {
  expect(mountedBelow(root)).toEqual([]);
  expect(readdirSync(join(root, "mounts"))).toEqual([]);
  expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
}
