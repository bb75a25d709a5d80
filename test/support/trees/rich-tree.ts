// A tree with one of everything a layer may hold.
import { execa } from "execa";

/** The content of the largest regular file, in bytes. */
export const largeFileBytes = 300_000;

/**
 * Fills an empty directory: files, setuid, hard links, symlinks of all sorts, fifo, devices, extended attributes, a
 * capability, times to the nanosecond, long, deep, non-ASCII, non-UTF-8 and odd names, sparse files. Needs root.
 */
export async function makeRichTree(directory: string): Promise<void> {
  // GNU coreutils, so that the tree does not come from what is tested.
  await execa("bash", ["-euc", script], { cwd: directory, env: { LC_ALL: "C" } });
}

const script = String.raw`
umask 022
mkdir -p etc usr/bin usr/lib empty closed dev
echo root:x:0:0 > etc/passwd
head -c ${largeFileBytes} /dev/urandom > usr/lib/large
: > usr/lib/nothing
head -c 512 /dev/urandom > usr/lib/one-block
cp /bin/true usr/bin/su && chmod 4755 usr/bin/su
cp /bin/true usr/bin/ping && setcap cap_net_raw+ep usr/bin/ping
echo shared > usr/lib/a && ln usr/lib/a usr/lib/b && ln usr/lib/a etc/c
ln -s /etc/passwd etc/absolute
ln -s ../usr/lib/a etc/relative
ln -s lib usr/lib64
ln -s nowhere etc/dangling
ln -s "$(printf 'x%.0s' {1..150})" etc/long-target
ln etc/relative etc/relative-again
mkfifo dev/pipe
mknod dev/null c 1 3
mknod dev/disk b 259 70000
setfattr -n user.comment -v "a note" etc/passwd
setfattr -n user.lines -v "$(printf 'one\n30 path=../../../../escape.x\ntwo')" usr/lib/nothing
setfattr -n user.on-directory -v yes empty
chown 1000:2000 etc/passwd
chown 4000000:70000 usr/lib/nothing
chmod 1777 empty
chmod 0000 closed
chmod 2750 usr/lib
touch "$(printf 'n%.0s' {1..180})"
touch "etc/naïve-Æther-日本" "etc/$(printf 'not-utf8-\xff\xfe')" "etc/$(printf 'new\nline')" "etc/ blank " "etc/-rf"
touch "etc/.wh.removed" "etc/.wh..wh..opq" 'etc/back\slash' 'etc/quote"'
deep=$(printf 'd%.0s' {1..60})
mkdir -p "$deep/$deep/$deep/$deep/$deep"
echo deep > "$deep/$deep/$deep/$deep/$deep/file"
truncate -s 3M usr/lib/sparse
printf data | dd of=usr/lib/sparse bs=1 seek=1048576 conv=notrunc status=none
printf data | dd of=usr/lib/sparse bs=1 seek=2200000 conv=notrunc status=none
truncate -s 1M usr/lib/all-hole
for _ in $(seq 120); do printf data >> usr/lib/many-holes; truncate -s +16K usr/lib/many-holes; done
touch -d '2013-06-01 12:00:00.123456789' etc/passwd
touch -d '1969-12-31 23:00:00.5' usr/lib/a
touch -h -d '2001-02-03 04:05:06.7' etc/relative
find . -depth -type d -exec touch -d '2012-12-12 12:12:12.000000012' {} +
`;
