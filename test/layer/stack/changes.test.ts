import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readChanges } from "../../../src/layer/stack/changes.js";
import { upperAfter } from "../../support/mounts/overlay-mount.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { changeLines } from "../../support/trees/upper-changes.js";

const scratch = useScratchDirectory();
/** Everything in a layer is old: what a mount writes has another time. */
const old = "find . -depth -exec touch -h -d '2012-12-12 12:12:12.5' {} +";

async function layerOf(script: string): Promise<string> {
  const layer = await scratch.fresh();
  await shell(`set -eu; ${script}\n${old}`, { cwd: layer, locale: "C" });
  return layer;
}

let base: string;
beforeAll(async () => {
  base = await layerOf(`
    mkdir -p etc/init.d usr/lib/deep/er .config/app
    echo a > etc/hostname; echo b > etc/hosts; echo c > etc/init.d/rc; echo d > etc/ostname
    echo e > usr/lib/lib; echo f > usr/lib/deep/er/file; echo g > usr/lib/deep/other; ln -s lib usr/lib64
    echo h > .config/app/settings; echo i > .config/other
  `);
});

/** What lines of bash in an overlay mount of the layers change. */
async function changed(lines: string, layers: readonly string[] = [base]): Promise<string[]> {
  return changeLines(await upperAfter(await scratch.fresh(), layers, lines), layers);
}

describe("the changes of an overlay mount", () => {
  test("are what was written, changed and deleted, in the order of the bytes of their paths", async () => {
    const lines =
      "echo x > etc/new; echo x >> etc/hosts; rm etc/hostname; mkdir -p var/log; touch usr/lib-x var/log/x";
    expect(await changed(lines)).toEqual([
      "C /etc",
      "D /etc/hostname",
      "C /etc/hosts",
      "A /etc/new",
      "C /usr",
      "A /usr/lib-x",
      "A /var",
      "A /var/log",
      "A /var/log/x",
    ]);
  });

  test("are none where nothing was written, or only read", async () => {
    expect(await changed("find . -type f -exec cat {} + > /dev/null; ls -lR > /dev/null")).toEqual([]);
  });

  test("are sorted by the bytes of the whole path, not by directory", async () => {
    const layer = await layerOf("mkdir a; touch a/x");
    expect(await changed("echo x >> a/x; touch a-b a.b; touch -r /etc a", [layer])).toEqual([
      "C /a",
      "A /a-b",
      "A /a.b",
      "C /a/x",
    ]);
  });

  test("report a deleted /etc/hostname by its whole name, not without the letters w, h and dots", async () => {
    expect(await changed("rm etc/hostname")).toEqual(["C /etc", "D /etc/hostname"]);
  });

  test("report no file called opq for a directory that was deleted and made anew", async () => {
    const lines = await changed("rm -r etc; mkdir etc; echo b > etc/hosts");
    expect(lines.filter((line) => line.includes("opq"))).toEqual([]);
    expect(lines).toEqual(["C /etc", "D /etc/hostname", "C /etc/hosts", "D /etc/init.d", "D /etc/ostname"]);
  });

  test("never list the root", async () => {
    expect(await changed("chmod 700 .; chown 1:1 .; setfattr -n user.x -v 1 .; touch x")).toEqual(["A /x"]);
  });

  test("list names that have the form of a whiteout as what they are in a mount: files", async () => {
    const lines = "touch .wh.etc usr/.wh..wh..opq; mkdir usr/.wh.lib; touch usr/.wh.lib/x";
    expect(await changed(lines)).toEqual([
      "A /.wh.etc",
      "C /usr",
      "A /usr/.wh..wh..opq",
      "A /usr/.wh.lib",
      "A /usr/.wh.lib/x",
    ]);
  });

  test("list a renamed file as one that went and one that came, and a linked one as changed", async () => {
    expect(await changed("mv etc/hosts etc/guests; ln usr/lib/lib usr/lib/again")).toEqual([
      "C /etc",
      "A /etc/guests",
      "D /etc/hosts",
      "C /usr/lib",
      "A /usr/lib/again",
      "C /usr/lib/lib",
    ]);
  });

  test("list a file as changed that was opened for writing only, as docker diff does", async () => {
    expect(await changed(": >> etc/hosts; chmod 644 etc/ostname")).toEqual([
      "C /etc/hosts",
      "C /etc/ostname",
    ]);
  });

  test("list sockets, fifos and devices, but no device as a deletion that is none", async () => {
    const lines = "mkfifo pipe; mknod null c 1 3; mknod disk b 0 0";
    expect(await changed(lines)).toEqual(["A /disk", "A /null", "A /pipe"]);
  });
});

describe("a directory", () => {
  test("that only leads to a change is not listed", async () => {
    expect(await changed("echo x >> usr/lib/deep/er/file")).toEqual(["C /usr/lib/deep/er/file"]);
  });

  test.each([
    ["its mode", "chmod 700"],
    ["its owner", "chown 1000:0"],
    ["its group", "chown 0:1000"],
    ["its time, by a nanosecond", "touch -d '2012-12-12 12:12:12.500000001'"],
    ["an attribute that came", "setfattr -n user.x -v 1"],
  ])("is listed if it changed in nothing but %s", async (_, command) => {
    for (const path of ["usr/lib", ".config", ".config/app"])
      expect(await changed(`${command} ${path}`)).toEqual([`C /${path}`]);
  });

  test("is listed if an attribute went, or has another value", async () => {
    const layer = await layerOf(
      "mkdir a b c .d; for d in a b c .d; do setfattr -n user.x -v 1 $d; setfattr -n user.y -v 2 $d; done",
    );
    const lines =
      "setfattr -x user.x a; setfattr -n user.y -v 3 b; touch c/f; touch -d '2012-12-12 12:12:12.5' c";
    expect(await changed(`${lines}; setfattr -x user.y .d`, [layer])).toEqual([
      "C /.d",
      "C /a",
      "C /b",
      "A /c/f",
    ]);
  });

  test("is listed if one attribute came to hold, as text, what two were", async () => {
    const layer = await layerOf("mkdir a; setfattr -n user.x -v 1 a; setfattr -n user.y -v 2 a");
    const lines = "setfattr -x user.y a; setfattr -n user.x -v $'1\\nuser.y=2' a";
    expect(await changed(lines, [layer])).toEqual(["C /a"]);
  });

  test("is compared with the topmost layer that has it", async () => {
    const below = await layerOf("mkdir a b; chmod 700 a; setfattr -n user.x -v below b; touch a/f b/f");
    const top = await layerOf("mkdir a b; chmod 755 a; setfattr -n user.x -v top b");
    expect(await changed("echo x >> a/f; echo x >> b/f", [top, below])).toEqual(["C /a/f", "C /b/f"]);
    expect(await changed("chmod 700 a; setfattr -n user.x -v below b", [top, below])).toEqual([
      "C /a",
      "C /b",
    ]);
  });

  test("that is deleted is listed by its own name alone", async () => {
    expect(await changed("rm -r usr")).toEqual(["D /usr"]);
  });

  test("that is made anew lists what it does not bring back, at every depth", async () => {
    const lines = "rm -r usr; mkdir -p usr/lib/deep/new; echo x > usr/lib/deep/other";
    expect(await changed(lines)).toEqual([
      "C /usr",
      "C /usr/lib",
      "C /usr/lib/deep",
      "D /usr/lib/deep/er",
      "A /usr/lib/deep/new",
      "C /usr/lib/deep/other",
      "D /usr/lib/lib",
      "D /usr/lib64",
    ]);
  });

  test("that is made anew lists what it does not bring back where its name begins with a dot, too", async () => {
    expect(await changed("rm -r .config; mkdir -p .config/app")).toEqual([
      "C /.config",
      "C /.config/app",
      "D /.config/app/settings",
      "D /.config/other",
    ]);
  });

  test("that is made anew with all its attributes is not listed, but what it lost is", async () => {
    const again =
      "rm -r usr/lib/deep; mkdir usr/lib/deep; touch -d '2012-12-12 12:12:12.5' usr/lib/deep usr/lib";
    expect(await changed(again)).toEqual(["D /usr/lib/deep/er", "D /usr/lib/deep/other"]);
  });

  test("that takes the place of a file, or the reverse, is a change, and so is what becomes of a link", async () => {
    const lines = "rm etc/hosts; mkdir etc/hosts; touch etc/hosts/x; rm -r etc/init.d; touch etc/init.d";
    expect(await changed(`${lines}; rm usr/lib64; mkdir usr/lib64; touch usr/lib64/y`)).toEqual([
      "C /etc",
      "C /etc/hosts",
      "A /etc/hosts/x",
      "C /etc/init.d",
      "C /usr",
      "C /usr/lib64",
      "A /usr/lib64/y",
    ]);
  });
});

describe("names", () => {
  const odd = String.raw`"$(printf 'new\nline')" ' blank ' ./-rf 'back\slash' 'back\012' "$(printf 'naïve')" '*' ..x`;

  test("of any bytes are listed as they are", async () => {
    const layer = await layerOf(`mkdir d; touch gone; cd d; touch ${odd}`);
    const names = ["new\nline", " blank ", "-rf", "back\\slash", "back\\012", "naïve", "*", "..x"].sort();
    const here = names.map((name) => `A /${name}`);
    const deleted = names.map((name) => `D /d/${name}`);
    expect(await changed(`touch ${odd}; rm -r d; mkdir d`, [layer])).toEqual(
      [...here, "C /d", ...deleted].sort((a, b) =>
        Buffer.compare(Buffer.from(a.slice(2)), Buffer.from(b.slice(2))),
      ),
    );
  });

  test("of any bytes may be those of directories that changed in an attribute only, or were made anew", async () => {
    const layer = await layerOf(`mkdir ${odd}; for d in ${odd}; do touch "$d/x"; done`);
    const names = ["new\nline", " blank ", "-rf", "back\\slash", "back\\012", "naïve", "*", "..x"].sort();
    const marked = `for d in ${odd}; do setfattr -n user.x -v 1 "$d"; done`;
    expect(await changed(marked, [layer])).toEqual(names.map((name) => `C /${name}`));
    const anew = `for d in ${odd}; do rm -r "$d"; mkdir "$d"; done`;
    expect((await changed(anew, [layer])).sort()).toEqual(
      names.flatMap((name) => [`C /${name}`, `D /${name}/x`]).sort(),
    );
  });

  test("that are no UTF-8 are shown with the replacement character, and told apart all the same", async () => {
    const layer = await layerOf(String.raw`touch "$(printf 'x\xff')" "$(printf 'x\xfe')"`);
    const lines = String.raw`rm "$(printf 'x\xff')"; echo x >> "$(printf 'x\xfe')"; touch "$(printf 'x\xfd')"`;
    expect(await changed(lines, [layer])).toEqual(["A /x\ufffd", "C /x\ufffd", "D /x\ufffd"]);
  });
});

describe("an error", () => {
  const upper = (directory: string) => ({ directory, form: "devices" }) as const;

  test("is INTERNAL where the upper or a layer is not there", async () => {
    const missing = join(scratch.path, "not-there");
    const code = { code: "INTERNAL", message: expect.stringContaining(missing) };
    await expect(readChanges(upper(missing), [base])).rejects.toMatchObject(code);
    await expect(readChanges(upper(await scratch.fresh()), [missing])).rejects.toMatchObject(code);
  });

  test("is CANCELLED where the signal aborts, with no process left", async () => {
    const aborted = readChanges(upper(base), [base], AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
    const controller = new AbortController();
    const running = readChanges(upper("/usr"), ["/usr"], controller.signal);
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test("is TOOL_MISSING where find is not installed", async () => {
    const nothing = await scratch.fresh();
    const reading = withEnvironment({ PATH: nothing }, () => readChanges(upper(base), [base]));
    await expect(reading).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });
});
