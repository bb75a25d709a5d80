// What the fuzzer mutates: archives of a few dozen entries that GNU tar and bsdtar made, in all their formats, and the
// corpus. The same bytes on every run, but for the path of the canary, which always has the same length.
import { execa } from "execa";
import { corpus } from "./cases.js";

export interface SeedArchive {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The length that the canary's path is filled up to, by slashes before it. */
const pathLength = 80;

/**
 * Makes the archives.
 * @param directory an empty one, for the trees they are made of
 * @param outside the absolute path of the canary
 */
export async function makeSeedArchives(
  directory: string,
  outside: string,
): Promise<{
  readonly made: readonly SeedArchive[];
  readonly crafted: readonly SeedArchive[];
}> {
  if (outside.length > pathLength) throw new Error(`${outside} is too long: set TMPDIR to a shorter path`);
  const path = outside.padStart(pathLength, "/");
  await execa("bash", ["-euc", tree], { cwd: directory, env: { LC_ALL: "C" } });
  const made: SeedArchive[] = [];
  for (const [name, line] of Object.entries(lines)) {
    const { stdout } = await execa("bash", ["-o", "pipefail", "-euc", line], {
      cwd: directory,
      env: { LC_ALL: "C" },
      encoding: "buffer",
    });
    made.push({ name, bytes: Buffer.from(stdout) });
  }
  const crafted = Object.entries(corpus)
    .filter(([name]) => name !== "bombs")
    .flatMap(([, cases]) => cases.map(({ name, archive }) => ({ name, bytes: archive(path) })));
  return { made, crafted };
}

const gnuTar = "tar -C rich --sort=name --numeric-owner --blocking-factor=1";
const posix = `${gnuTar} --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs`;
const lines: Readonly<Record<string, string>> = {
  "GNU tar, gnu": `${gnuTar} --format=gnu -cf - .`,
  "GNU tar, oldgnu": `${gnuTar} --format=oldgnu -cf - .`,
  "GNU tar, posix": `${posix} -cf - .`,
  "GNU tar, posix, without the dot": `${posix} -cf - bin etc usr var`,
  "GNU tar, posix, sparse": `${posix} --sparse -cf - .`,
  "GNU tar, gnu, sparse": `${gnuTar} --sparse --format=gnu -cf - .`,
  "GNU tar, ustar": `tar -C plain --sort=name --numeric-owner --blocking-factor=1 --format=ustar -cf - .`,
  "GNU tar, v7": "tar -C plain --sort=name --numeric-owner --blocking-factor=1 --format=v7 -cf - etc usr",
  "GNU tar, labelled": `${gnuTar} --format=gnu --label=volume -cf - etc`,
  "bsdtar, pax": `${posix} -cf - . | LC_ALL=C.UTF-8 bsdtar -cf - --format pax @-`,
  "bsdtar, gnutar": `${posix} -cf - . | LC_ALL=C.UTF-8 bsdtar -cf - --format gnutar @-`,
  "bsdtar, ustar":
    "tar -C plain --sort=name --format=ustar -cf - . | LC_ALL=C.UTF-8 bsdtar -cf - --format ustar @-",
};

const tree = String.raw`
umask 022
mkdir rich && cd rich
mkdir -p etc/init.d usr/bin usr/lib/deep/er/still var/empty
echo root:x:0:0 > etc/passwd
printf '%.0sconfiguration ' $(seq 200) > etc/config
: > etc/nothing
head -c 512 /dev/zero | tr '\0' b > usr/lib/one-block
printf '#!/bin/sh\n' > usr/bin/su && chmod 4755 usr/bin/su
echo shared > usr/lib/a && ln usr/lib/a usr/lib/b && ln usr/lib/a etc/c
ln -s usr/bin bin
ln -s /etc/passwd etc/absolute
ln -s ../usr/lib/a etc/relative
ln -s nowhere etc/dangling
ln etc/absolute etc/absolute-again
ln -s "$(printf 't%.0s' {1..140})" etc/long-target
mkfifo var/pipe
mknod var/null c 1 3
setfattr -n user.comment -v "a note" etc/passwd
setfattr -n user.x -v yes var/empty
chown 1000:2000 etc/passwd
chmod 1777 var/empty
touch "etc/$(printf 'n%.0s' {1..150})" etc/naïve "etc/.wh.removed" "etc/ blank "
echo deep > usr/lib/deep/er/still/file
truncate -s 40K var/sparse
printf data | dd of=var/sparse bs=1 seek=8192 conv=notrunc status=none
printf data | dd of=var/sparse bs=1 seek=30000 conv=notrunc status=none
for _ in $(seq 7); do printf data >> var/holes; truncate -s +8K var/holes; done
find . -depth -exec touch -h -d '2012-12-12 12:12:12.5' {} +
cd ..
cp -a rich plain && rm plain/etc/nnn* plain/etc/long-target plain/var/pipe plain/var/null plain/var/sparse plain/var/holes
find plain -exec touch -h -d '2012-12-12 12:12:12' {} +
`;
