// Images made by umoci on this host: what a build leaves, in five layers, and what else a layer may hold.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { onceInRun } from "../once-in-run.js";
import { makeRichTree } from "../trees/rich-tree.js";
import { umoci, umociUnpack } from "./peers.js";

/**
 * The layers of the two images, by the tags of their layout: they share the lowest three.
 *
 * `all`: a rich tree; a change of it by umoci, with its whiteouts; a layer of GNU tar with times to the nanosecond, sparse
 * files and explicit opaque directories; an opaque directory and a whiteout whose parents no entry names; an empty layer
 * twice. Its history has two entries more, without a layer. `sibling`: a layer of its own on the first three.
 */
export const realLayers = { all: 7, sibling: 4, together: 8 } as const;

/** Makes the images in a directory that is not there, and returns the path of their layout. Needs root. */
export async function makeRealImages(directory: string): Promise<string> {
  const made = await onceInRun("real-images", build);
  mkdirSync(directory);
  await execa("cp", ["-a", join(made, "layout"), directory]);
  return join(directory, "layout");
}

async function build(directory: string): Promise<void> {
  const layout = join(directory, "layout");
  const image = (tag: string) => `${layout}:${tag}`;
  await umoci("init", "--layout", layout);
  await umoci("new", "--image", image("all"));
  await configure(image("all"), "--config.env=PATH=/usr/bin:/bin", "--config.cmd=/bin/sh", "--os=linux");

  const bundle = join(directory, "bundle");
  const rootfs = await umociUnpack(image("all"), bundle);
  await makeRichTree(rootfs);
  // Names that no layer of the form can hold as files.
  await bash(`find . -depth -name '.wh.*' -delete; ${more}`, rootfs);
  await repack(image("all"), bundle, "make base");
  await bash(changes, rootfs);
  await repack(image("all"), bundle, "change 'a' \"lot\" <&> more");
  await configure(image("all"), "--author=A. N. Other <other@example.org>", "--config.label=k=v");

  await addLayer(image("all"), directory, "by-tar", handMadeLayer);
  await umoci("tag", "--image", image("all"), "sibling");

  mkdirSync(join(directory, "inserted"));
  await bash(
    "umask 022; echo new > tool; mkdir sub; echo in > sub/in; touch -d @1500000000 sub .",
    join(directory, "inserted"),
  );
  await umoci("insert", "--image", image("all"), "--opaque", join(directory, "inserted"), "/opt/pkg/deep");
  await umoci("insert", "--image", image("all"), "--whiteout", "/usr/lib/b");
  for (const name of ["empty", "empty-again"]) await addLayer(image("all"), directory, name, "");

  await addLayer(
    image("sibling"),
    directory,
    "of-sibling",
    "echo sibling > sibling; mkdir etc; touch etc/.wh.passwd",
  );
}

/** Adds a layer that lines of bash fill, as GNU tar packs it, to an image `layout:tag`. */
export async function addLayer(
  image: string,
  directory: string,
  name: string,
  script: string,
): Promise<void> {
  const tree = join(directory, name);
  mkdirSync(tree);
  await bash(`umask 022; ${script}`, tree);
  const archive = join(directory, `${name}.tar`);
  // Without the root where the layer is empty: it is then an archive of no entry at all.
  const [what, ...options] = script === "" ? ["--files-from=/dev/null"] : [".", "--sparse"];
  const format = ["--format=posix", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--sort=name"];
  await execa("tar", ["-C", tree, ...format, ...options, "-cf", archive, what]);
  await umoci("raw", "add-layer", "--image", image, archive);
}

async function configure(image: string, ...options: readonly string[]): Promise<void> {
  await umoci("config", "--image", image, ...options);
}

async function repack(image: string, bundle: string, createdBy: string): Promise<void> {
  const history = ["--history.created_by", createdBy, "--history.comment", "naïve \u2028 comment"];
  await umoci("repack", "--refresh-bundle", ...history, "--image", image, bundle);
}

async function bash(script: string, cwd: string): Promise<void> {
  await execa("bash", ["-euc", script], { cwd, env: { LC_ALL: "C" } });
}

/** What the rich tree lacks, and what later layers change. */
const more = `
umask 022
mkdir -p opt/pkg/deep/er srv/www/html var/cache/x var/log tmp home
chmod 1777 tmp
chmod 2711 opt/pkg; chown 7:8 opt/pkg; touch -d @1400000000 opt/pkg
for name in opt/pkg/{one,two} opt/pkg/deep/{a,b} opt/pkg/deep/er/c srv/www/html/index var/cache/x/y var/log/m; do
  echo "$name" > "$name"
done
echo f > file-to-directory; mkdir directory-to-file; echo g > directory-to-file/g
mkdir directory-to-symlink; echo h > directory-to-symlink/h; ln -s opt symlink-to-directory
setfattr -n user.gone -v 1 home; setfattr -n user.stays -v 1 srv
`;

const changes = String.raw`
umask 022
rm usr/lib/one-block 'etc/back\slash' etc/dangling "$(printf 'etc/new\nline')" dev/disk
rm -r srv/www dddd*/*/*/*/*; touch -d @1234567890 dddd*/*/*/*
rm -r var/cache; mkdir -m 2750 var/cache; echo new > var/cache/new
rm file-to-directory; mkdir file-to-directory; echo in > file-to-directory/in
rm -r directory-to-file; echo file > directory-to-file
rm -r directory-to-symlink; ln -s opt directory-to-symlink
rm symlink-to-directory; mkdir symlink-to-directory; echo in > symlink-to-directory/in
setcap cap_net_admin+ep usr/bin/su
setfattr -x user.gone home; setfattr -n user.new -v 2 home; chmod 700 home
chown 99:98 dev/pipe; mknod dev/zero c 1 5
ln usr/lib/large large-too
echo more >> var/log/m; ln -s m var/log/newest
`;

/** Deletions and opaque directories as files, times that no umoci writes, and links across directories. */
const handMadeLayer = String.raw`
mkdir -p opt/pkg usr/lib var/log new/a new/b etc
touch opt/.wh.nothing var/.wh.cache var/log/.wh..wh..opq new/.wh..wh..opq etc/.wh.c
echo log > var/log/again
echo one > opt/pkg/one; chown 7:8 opt/pkg; chmod 2711 opt/pkg
echo linked > new/a/file; ln new/a/file new/b/file; ln new/a/file new/link
ln -s ../a/file new/b/symlink; ln new/b/symlink new/b/symlink-too
cp /bin/true new/capable; chown 12:34 new/capable
setcap cap_sys_chroot,cap_kill+ei new/capable
mkfifo -m 600 new/fifo; mknod -m 660 new/loop b 7 200; chown 0:6 new/loop
truncate -s 2M new/sparse; printf x | dd of=new/sparse bs=1 seek=1234567 conv=notrunc status=none
for n in $(seq 40); do printf data >> new/holes; truncate -s +20K new/holes; done
chmod 4711 new/a/file; chmod 3777 new/b
setfattr -n user.dir -v here new/b
touch "new/$(printf 'm%.0s' {1..200})" "new/$(printf 'tab\tnew\nline\\')" "new/ü" "new/$(printf '\xfc')"
touch -d '2013-06-01 12:00:00.123456789' new/a/file
touch -h -d '1969-12-31 23:00:00.000000001' new/b/symlink
touch -d '2200-01-01 00:00:00.999999999' new/sparse
find . -depth -type d -exec touch -d '2012-12-12 12:12:12.000000012' {} +
`;
