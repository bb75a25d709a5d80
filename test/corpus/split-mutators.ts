// The ways to mutate the tar-split of an archive: line by line, as a liar would, and its bytes.
import { gunzipSync, gzipSync } from "node:zlib";
import { createCrc64 } from "../../src/layer/split/crc64.js";
import type { Hints } from "./mutators.js";
import type { Random } from "./random.js";

export interface SplitMutation {
  readonly history: readonly string[];
  readonly bytes: Buffer;
}

/** A name in the layer for a symlink to what lies outside. */
export const plantedLink = "planted";

type Line = Readonly<Record<string, unknown>>;

const crc = createCrc64();

/**
 * Mutates a tar-split once to three times.
 * @param split gzip of lines
 * @param hints where the canary lies: a file `file` that holds `canary`, a directory `dir`
 */
export function mutateSplit(split: Buffer, random: Random, hints: Hints): SplitMutation {
  const { below, pick, chance } = random;
  const history: string[] = [];
  const text = gunzipSync(split).toString("latin1");
  let lines = text.split("\n").slice(0, -1);
  for (let left = 1 + below(3); left > 0; left--) {
    const [name, mutator] = pick(Object.entries(lineMutators(random, hints)));
    lines = mutator(lines);
    history.push(name);
  }
  const end = chance(0.95) ? "\n" : "";
  const bytes = gzipSync(Buffer.from(lines.join("\n") + end, "latin1"), { level: 1 });
  if (chance(0.85)) return { history, bytes };
  const [name, damage] = pick(Object.entries(blindMutators(random)));
  return { history: [...history, name], bytes: damage(bytes) };
}

function lineMutators(
  { below, pick, chance }: Random,
  { outside }: Hints,
): Readonly<Record<string, (lines: string[]) => string[]>> {
  const at = (lines: readonly string[]) => below(Math.max(1, lines.length));
  const edit = (lines: string[], how: (line: Line) => Line) => {
    const files = lines.flatMap((line, index) => (line.startsWith('{"type":1') ? [index] : []));
    const index = files.length > 0 && chance(0.8) ? pick(files) : at(lines);
    return lines.map((line, other) => (other === index ? JSON.stringify(how(parsed(line))) : line));
  };
  /** The names that the canary's file has from a layer beside it. */
  const hostile = () =>
    pick([
      "../outside/file",
      "./../outside/file",
      "a/../../outside/file",
      `${outside}/file`,
      `${plantedLink}/file`,
      `/${plantedLink}/dir/../file`,
      `${plantedLink}/link`,
      `${plantedLink}/../outside/file`,
      "/",
      "",
      ".",
      "..",
      "a/..",
      "\0",
      `${"a/".repeat(3_000)}x`,
      "x".repeat(300),
    ]);
  /** A line that fits the canary's file: only its name is in the way. */
  const canaryLine = () => {
    const content = Buffer.from("canary");
    crc.begin();
    crc.update(content);
    const name = hostile();
    const spelled = chance(0.7) ? { name } : { name_raw: Buffer.from(name).toString("base64") };
    return { type: 1, ...spelled, size: content.length, payload: crc.digest().toString("base64") };
  };
  const value = () =>
    pick<unknown>([null, true, "", "x", -1, 0, 0.5, 1, 2 ** 31, 2 ** 53, [], {}, "=", "AAAA", "\u0000"]);
  return {
    "a file from outside": (lines) => lines.toSpliced(at(lines), 0, JSON.stringify(canaryLine())),
    "a file from outside in the place of another": (lines) =>
      edit(lines, (line) => ({ ...line, ...canaryLine() })),
    "another name": (lines) => edit(lines, (line) => ({ ...line, name: hostile() })),
    "another size": (lines) =>
      edit(lines, (line) => ({
        ...line,
        size: pick([-1, 0, 1, 0.1, 1e6, 2 ** 40, 2 ** 53, Number(line.size) + 1]),
      })),
    "another payload": (lines) => edit(lines, (line) => ({ ...line, payload: value() })),
    "a field of another type": (lines) =>
      edit(lines, (line) => ({
        ...line,
        [pick(["type", "name", "name_raw", "size", "payload", "position"])]: value(),
      })),
    "another type": (lines) => edit(lines, (line) => ({ ...line, type: 3 - Number(line.type) })),
    "a line gone": (lines) => lines.toSpliced(at(lines), 1),
    "a line twice": (lines) => lines.toSpliced(at(lines), 0, lines[at(lines)] ?? ""),
    "a line elsewhere": (lines) => {
      const from = at(lines);
      return lines.toSpliced(from, 1).toSpliced(at(lines), 0, lines[from] ?? "");
    },
    "a line of noise": (lines) =>
      lines.toSpliced(at(lines), 0, pick(["", "{", "null", "[]", "7", '"x"', "{}"])),
    "a character of a line": (lines) => {
      const index = at(lines);
      return lines.map((line, other) => {
        if (other !== index || line === "") return line;
        const place = below(line.length);
        return line.slice(0, place) + String.fromCharCode(below(256)) + line.slice(place + 1);
      });
    },
    "much of one thing": (lines) =>
      lines.toSpliced(at(lines), 0, JSON.stringify({ type: 2, payload: "AAAA".repeat(100_000) })),
  };
}

/** The fields of a line; of one that an earlier mutation has spoilt, none. */
function parsed(line: string): Line {
  try {
    const document: unknown = JSON.parse(Buffer.from(line, "latin1").toString());
    return typeof document === "object" && document !== null ? (document as Line) : {};
  } catch {
    return {};
  }
}

function blindMutators({ below }: Random): Readonly<Record<string, (bytes: Buffer) => Buffer>> {
  return {
    "a bit flipped": (bytes) => {
      const copy = Buffer.from(bytes);
      const at = below(copy.length);
      copy[at] = (copy[at] as number) ^ (1 << below(8));
      return copy;
    },
    "cut off": (bytes) => bytes.subarray(0, below(bytes.length)),
    "something behind it": (bytes) => Buffer.concat([bytes, Buffer.alloc(1 + below(50), below(256))]),
    twice: (bytes) => Buffer.concat([bytes, bytes]),
  };
}
