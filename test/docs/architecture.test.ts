// docs/architecture.md: its drawing holds for every import of src, and each path that the documentation names exists.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(project, path), "utf8");
const pages = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(project, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

/** The first drawing: what each room is called there, and the arrows between them. */
function readMap() {
  const [, drawing = ""] = /```mermaid\n(flowchart[\s\S]*?)```/.exec(read("docs/architecture.md")) ?? [];
  const rooms = new Map(
    [...drawing.matchAll(/^ *(\w+)\["(\w+): /gm)].map(([, node = "", room = ""]) => [node, room] as const),
  );
  const arrows = [...drawing.matchAll(/^ *(\w+) --> (\w+)$/gm)].map(
    ([, from = "", to = ""]) => [rooms.get(from) ?? from, rooms.get(to) ?? to] as const,
  );
  return { rooms: [...rooms.values()], arrows };
}

/** Every room that can be reached from one along the arrows. */
function reachable(room: string, arrows: readonly (readonly [string, string])[]): Set<string> {
  const found = new Set<string>();
  const left = [room];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const [from, to] of arrows) {
      if (from !== at || found.has(to)) continue;
      found.add(to);
      left.push(to);
    }
  }
  return found;
}

/** The rooms that each room imports, with a file that does. */
function readImports(): { from: string; to: string; file: string }[] {
  const files = readdirSync(join(project, "src"), { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.tsx?$/.test(path),
  );
  return files.flatMap((file) => {
    const [from = ""] = file.split("/");
    const imports = read(`src/${file}`).matchAll(/(?:from|import\() ?"(\.[^"]+)"/g);
    return [...imports].flatMap(([, path = ""]) => {
      const [to = ""] = relative(join(project, "src"), join(project, "src", dirname(file), path)).split("/");
      return to === from || to === ".." ? [] : [{ from, to, file }];
    });
  });
}

describe("the map", () => {
  const { rooms, arrows } = readMap();

  it("has every folder of src, and nothing else", () => {
    const folders = readdirSync(join(project, "src"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect(rooms.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
  });

  it("leads no arrow back to where it came from", () => {
    for (const room of rooms) expect(reachable(room, arrows).has(room), room).toBe(false);
  });

  it("has a way for every import", () => {
    const missing = readImports().filter(({ from, to }) => !reachable(from, arrows).has(to));
    expect(missing).toEqual([]);
  });
});

describe.each(pages)("%s", (page) => {
  const text = read(page);

  it("names no file of the repository that is not there", () => {
    const paths = [...text.matchAll(/`((?:src|test|scripts|systemd|docker)\/[\w./+-]+)`/g)].map(
      ([, path = ""]) => path,
    );
    expect(paths.filter((path) => !existsSync(join(project, path)))).toEqual([]);
  });

  it("links to no page and no heading that is not there", () => {
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && !leads(page, target));
    expect(broken).toEqual([]);
  });
});

/** Whether a link leads somewhere: to a file that is there and, in a page, to a heading. */
function leads(page: string, target: string): boolean {
  const [path = "", heading] = target.split("#", 2);
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(project, file))) return false;
  return heading === undefined || anchorsOf(read(file)).includes(heading);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
