// Random work in a mounted tree, as lines of bash.
import fc from "fast-check";

export interface PieceOfWork {
  readonly kind: keyof typeof pieces;
  readonly path: string;
}

/** The time of everything in the layers that the work is done over. */
export const oldTime = "2012-12-12 12:12:12.5";
const makeOld = `find . -depth -exec touch -h -d '${oldTime}' {} +`;

/** Lines that fill two directories, topmost first, with what the work finds. Nothing is deleted in them. */
export const workedLayers: readonly [string, string] = [
  `mkdir -p a/a b; echo 2 | tee a/a/a a/a/-c b/b > /dev/null; setfattr -n user.k -v top a/a; ${makeOld}`,
  `mkdir -p a/a/b a/-c b/.d b/a .d/.d .d/b
   echo 1 | tee a/a/a a/a/b/a a/b b/a/a b/.d/b .d/a .d/b/b -- -c > /dev/null
   chmod 750 b; setfattr -n user.k -v layer .d a/a; ln -s a a/.d; ${makeOld}`,
];

/**
 * Each leaves a file that it touches with another time, mode or attribute than it had in a layer, for an upper does
 * not tell a file that was written with what it held from one that changed. Directories may come to be what they were.
 */
const pieces = {
  write: '[ -d "$p" ] || [ -L "$p" ] || [ ! -d "$up" ] || echo "$n" > "$p"',
  append: '[ ! -f "$p" ] || [ -L "$p" ] || echo "$n" >> "$p"',
  mkdir: '[ ! -d "$up" ] || [ -e "$p" ] || [ -L "$p" ] || mkdir "$p"',
  remove: 'rm -rf "$p"',
  renew: '[ ! -d "$p" ] || [ -L "$p" ] || { rm -r "$p"; mkdir "$p"; }',
  chmod: '[ ! -e "$p" ] || [ -L "$p" ] || chmod "7$(printf %02o "$n")" "$p"',
  toFile: '[ ! -d "$up" ] || { rm -rf "$p"; echo "$n" > "$p"; }',
  toDirectory: '[ ! -d "$up" ] || { rm -rf "$p"; mkdir "$p"; }',
  symlink: '[ ! -d "$up" ] || { rm -rf "$p"; ln -s "to-$n" "$p"; }',
  mark: '[ ! -e "$p" ] || [ -L "$p" ] || setfattr -n user.k -v "$n" "$p"',
  unmark: '[ ! -d "$p" ] || [ -L "$p" ] || setfattr -x user.k "$p" 2> /dev/null || true',
  makeOld: `[ ! -d "$p" ] || [ -L "$p" ] || touch -d '${oldTime}' "$p"`,
};

const kind = fc.constantFrom<PieceOfWork["kind"]>(
  ...([
    "write",
    "write",
    "append",
    "mkdir",
    "mkdir",
    "remove",
    "remove",
    "remove",
    "renew",
    "renew",
  ] as const),
  ...(["chmod", "toFile", "toDirectory", "symlink", "mark", "unmark", "makeOld", "makeOld"] as const),
);
const path = fc
  .array(fc.constantFrom("a", "b", "-c", ".d"), { minLength: 1, maxLength: 3 })
  .map((names) => `./${names.join("/")}`);

/** Work over `workedLayers`. */
export const randomWork = fc.array(fc.record({ kind, path }), { minLength: 1, maxLength: 14 });

/** The lines of bash that do it. */
export function linesOf(work: readonly PieceOfWork[]): string {
  const lines = work.map(({ kind, path }, n) => {
    return `p='${path}' up='${path.slice(0, path.lastIndexOf("/"))}' n=${n}\n${pieces[kind]}`;
  });
  return ["set -eu", ...lines].join("\n");
}
