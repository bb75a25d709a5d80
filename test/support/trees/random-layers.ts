// Small stacks of layers in which names, deletions and kinds meet in every way.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";

/** A directory of a layer: what it does with each name, and whether it hides what is below. */
interface Directory {
  readonly isOpaque: boolean;
  readonly names: readonly (readonly [name: string, entry: Entry])[];
}
interface Entry {
  readonly isDeleted: boolean;
  readonly made: "nothing" | "file" | "symlink" | Directory;
}

export type RandomLayer = Directory;

const { directory } = fc.letrec<{ directory: Directory; entry: Entry }>((tie) => ({
  entry: fc.record({
    isDeleted: fc.boolean(),
    made: fc.oneof(
      { depthSize: "small", maxDepth: 3, withCrossShrink: true },
      fc.constantFrom("nothing" as const, "file" as const, "symlink" as const),
      tie("directory"),
      tie("directory"),
    ),
  }),
  directory: fc.record({
    isOpaque: fc.nat(4).map((number) => number === 0),
    names: fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c"), tie("entry")), {
      maxLength: 3,
      selector: ([name]) => name,
    }),
  }),
}));

/** One to four layers, the lowest first. */
export const randomLayers: fc.Arbitrary<RandomLayer[]> = fc.array(directory, { minLength: 1, maxLength: 4 });

/** Writes a layer into a directory. Each file holds its layer's number. */
export function writeRandomLayer({ isOpaque, names }: RandomLayer, into: string, layer: number): void {
  if (isOpaque) writeFileSync(join(into, ".wh..wh..opq"), "");
  for (const [name, { isDeleted, made }] of names) {
    const path = join(into, name);
    if (isDeleted) writeFileSync(join(into, `.wh.${name}`), "");
    if (made === "file") writeFileSync(path, `${layer}`);
    else if (made === "symlink") symlinkSync(`../${layer}`, path);
    else if (made !== "nothing") {
      mkdirSync(path, 0o700 + layer);
      writeRandomLayer(made, path, layer);
    }
  }
}

/** The same layer without deletions of what it makes itself. */
export function withoutRebirth({ isOpaque, names }: RandomLayer): RandomLayer {
  return {
    isOpaque,
    names: names.map(([name, { isDeleted, made }]) => [
      name,
      {
        isDeleted: isDeleted && made === "nothing",
        made: typeof made === "string" ? made : withoutRebirth(made),
      },
    ]),
  };
}
