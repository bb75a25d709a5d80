// Layers in which deletions, opaque directories and changes of kind meet, as lines of bash, the lowest first.

export const layerStacks: Readonly<Record<string, readonly string[]>> = {
  "one layer": ["mkdir etc; echo a > etc/a"],
  "plain layers": [
    "mkdir etc; echo a > etc/a; echo b > etc/b; echo c > c",
    "mkdir etc usr; chmod 700 etc; echo new > etc/a; echo d > usr/d",
  ],
  "a whiteout of a file": [
    "mkdir etc; echo a > etc/a; echo b > etc/b; echo c > c",
    "mkdir etc; touch etc/.wh.a .wh.c",
  ],
  "a whiteout of a directory": ["mkdir -p a/b/c; echo f > a/b/c/f; echo g > a/g", "mkdir a; touch a/.wh.b"],
  "a whiteout of a directory in the root": ["mkdir -p a/b; echo f > a/b/f; mkdir z", "touch .wh.a"],
  "a whiteout of a symlink and of what it leads to": [
    "mkdir d; echo f > d/f; ln -s d l; ln -s gone m",
    "touch .wh.l .wh.m",
    "touch .wh.d",
  ],
  "a file that a later layer brings back": ["echo a > a", "touch .wh.a", "echo again > a"],
  "a directory that a later layer brings back": [
    "mkdir d; echo old > d/old; mkdir d/e; echo old > d/e/old",
    "touch .wh.d",
    "mkdir -p d/e; echo new > d/new",
  ],
  "a name deleted and made anew in one layer": [
    "mkdir d f e; echo old > d/old; echo old > f/old; echo old > g; echo old > h",
    "touch .wh.d .wh.f .wh.g .wh.h; mkdir d h; echo new > d/new; echo new > f; echo new > g",
  ],
  "an opaque directory with new content": [
    "mkdir -p d/e; echo old > d/old; echo old > d/both; echo old > d/e/old",
    "mkdir -p d/e; touch d/.wh..wh..opq; echo new > d/new; echo new > d/both",
  ],
  "an opaque directory without content": ["mkdir -p d/e; echo old > d/old", "mkdir d; touch d/.wh..wh..opq"],
  "an opaque directory between two others": [
    "mkdir d; echo 1 > d/one; echo 1 > d/all",
    "mkdir d; echo 2 > d/two; echo 2 > d/all; touch d/.wh..wh..opq",
    "mkdir d; echo 3 > d/three; touch d/.wh.two d/.wh.one",
    "mkdir d; chmod 711 d",
  ],
  "an opaque directory where nothing is below": [
    "mkdir -p d/e; touch d/.wh..wh..opq d/e/.wh..wh..opq; echo f > d/f",
  ],
  "an opaque marker and whiteouts in one directory": [
    "mkdir -p d/e; echo 1 > d/a; echo 1 > d/b; echo 1 > d/e/f",
    "mkdir d; touch d/.wh..wh..opq d/.wh.a d/.wh.e d/.wh.nothing; echo 2 > d/b",
  ],
  "an opaque directory below a whiteout of it": [
    "mkdir d; echo 1 > d/f",
    "mkdir d; touch d/.wh..wh..opq; echo 2 > d/g",
    "touch .wh.d",
    "mkdir d; touch d/.wh.g",
  ],
  "a whiteout deep in an opaque directory": [
    "mkdir -p d/e; echo 1 > d/e/f",
    "mkdir -p d/e; touch d/.wh..wh..opq d/e/.wh.f; echo 2 > d/e/g",
  ],
  "a whiteout deep in a directory that its layer makes anew": [
    "mkdir -p d/e; echo 1 > d/e/f",
    "mkdir -p d/e; touch .wh.d d/e/.wh.f; echo 2 > d/e/g",
  ],
  "an opaque root": ["mkdir d; echo 1 > d/old; echo 1 > f", "touch .wh..wh..opq; mkdir d; echo 2 > d/new"],
  "a directory in place of a file": [
    "echo f > a; ln -s b s; mkdir b",
    "mkdir a s; echo g > a/g; echo g > s/g",
  ],
  "a file in place of a directory": ["mkdir -p a/b; echo g > a/b/g; mkdir c", "echo f > a; ln -s a c"],
  "a directory, a file and a directory in one place": [
    "mkdir d; echo 1 > d/f",
    "echo 2 > d",
    "mkdir d; touch d/.wh.f; echo 3 > d/g",
  ],
  "a whiteout below what was a symlink": [
    "mkdir d; echo 1 > d/f; ln -s d s",
    "mkdir s; touch s/.wh.f; echo 2 > s/g",
  ],
  "AUFS's own names": [
    "echo a > a",
    "touch .wh..wh.aufs .wh..wh.plnk; mkdir .wh..wh.orph d; echo x > .wh..wh.orph/x; mkdir d/.wh..wh.plnk",
  ],
  "AUFS's own names alone": ["mkdir .wh..wh.plnk .wh..wh.orph; echo 1 > .wh..wh.plnk/1.2; echo a > a"],
  "whiteouts of what is not there": [
    "echo a > a",
    "mkdir d e; touch .wh.nothing d/.wh.nothing; echo f > d/f",
  ],
  "whiteouts where only one layer has the directory": [
    "mkdir -p a/b; echo f > a/f; touch a/.wh.x a/b/.wh.y .wh.z",
    "mkdir -p new/deep; touch new/.wh.f new/deep/.wh.g; echo h > new/h",
    "touch .wh.a",
    "mkdir -p a/b; touch a/.wh.f a/b/.wh.y",
  ],
  "whiteouts of odd names": [
    "touch -- -rf $'new\\nline' $'\\xff\\xfe' 'back\\slash' ' blank ' .hidden w wh '[a]*'",
    "for n in -rf $'new\\nline' $'\\xff\\xfe' 'back\\slash' ' blank ' .hidden '[a]*'; do touch -- \".wh.$n\"; done",
  ],
  "hard links of which one is deleted": [
    "echo a > a; ln a b; ln a c; echo d > d; ln d e",
    "touch .wh.a .wh.e",
  ],
  "attributes of directories that several layers have": [
    "mkdir d; setfattr -n user.one -v 1 d; setfattr -n user.both -v 1 . ; chown 1:2 d",
    "mkdir d; setfattr -n user.two -v 2 d; chmod 3711 d; chown 5:6 d; touch -d '2001-01-01 00:00:00.5' d",
    "mkdir d; touch d/.wh.nothing; setfattr -n user.three -v 3 d; touch -d '1969-01-01 00:00:00.25' d",
  ],
};
