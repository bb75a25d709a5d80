// The names that a new one may be, held against skopeo, which reads them by distribution/reference itself.
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatImageName, isImageName, parseImageName } from "../../src/terms/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

describe("a name", () => {
  it.each([
    ["busybox", "busybox", "latest"],
    ["busybox:1.0", "busybox", "1.0"],
    ["library/busybox:1.0", "library/busybox", "1.0"],
    ["localhost:5000/x", "localhost:5000/x", "latest"],
    [
      "Registry.Example.com:443/team/web_app/a--b:_Tag.1-x",
      "Registry.Example.com:443/team/web_app/a--b",
      "_Tag.1-x",
    ],
    ["[::1]:5000/x:y", "[::1]:5000/x", "y"],
    ["a__b/c.d", "a__b/c.d", "latest"],
    [`${"a".repeat(255)}:${"b".repeat(128)}`, "a".repeat(255), "b".repeat(128)],
    ["5000:1", "5000", "1"],
  ])("%s has a repository and a tag", (text, repository, tag) => {
    expect(parseImageName(text)).toEqual({ repository, tag });
    expect(isImageName(text)).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["a blank", "busy box"],
    ["a blank at its end", "busybox "],
    ["a line end", "busybox\n"],
    ["upper case in its path", "busyBox"],
    ["upper case in what is no host", "Foo/busybox"],
    ["upper case behind a host", "example.com/Busybox"],
    ["..", ".."],
    [".. in its path", "a/../b"],
    [".. at its beginning", "../x"],
    ["a / at its beginning", "/busybox"],
    ["a / at its end", "busybox/"],
    ["an empty component", "a//b"],
    ["an empty tag", "busybox:"],
    ["nothing but a tag", ":1.0"],
    ["two tags", "busybox:1.0:2.0"],
    ["a tag with a /", "busybox:a/b"],
    ["a tag that begins with -", "busybox:-a"],
    ["a component that begins with -", "-busybox"],
    ["three _", "a___b"],
    ["a digest", `busybox@sha256:${"0".repeat(64)}`],
    ["a tag and a digest", `busybox:1.0@sha256:${"0".repeat(64)}`],
    ["the form of an id", "0123456789abcdef".repeat(4)],
    ["256 characters", "a".repeat(256)],
    ["a tag of 129 characters", `a:${"b".repeat(129)}`],
    ["very many characters", "a".repeat(1_000_000)],
    ["what is no ASCII", "büsybox"],
    ["a zero byte", "busybox\0"],
  ])("is not %s", (_, text) => {
    expect(() => parseImageName(text)).toThrow(expect.objectContaining({ code: "INVALID_NAME" }));
    expect(isImageName(text)).toBe(false);
  });

  it("that is none is shown in quotes, and not at any length", () => {
    expect(() => parseImageName("a\u001b[2J")).toThrow(/^"a\\u001b\[2J" is not a valid name/);
    expect(() => parseImageName("A".repeat(10_000))).toThrow(/^.{0,400}$/);
  });

  it("is written as it is read", () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}$/);
    const path = fc.array(component, { minLength: 1, maxLength: 4 });
    const host = fc.option(fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,4}(?::[0-9]{1,5})?$/), {
      nil: undefined,
    });
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);
    fc.assert(
      fc.property(host, path, tag, (host, path, tag) => {
        const repository = [...(host === undefined ? [] : [host]), ...path].join("/");
        expect(parseImageName(`${repository}:${tag}`)).toEqual({ repository, tag });
        expect(formatImageName({ repository, tag })).toBe(`${repository}:${tag}`);
        expect(formatImageName(parseImageName(repository))).toBe(`${repository}:latest`);
      }),
    );
  });

  it("is what its own text stands for, and nothing that leads out of a directory", () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[A-Za-z0-9_.:/@-]{0,40}$/),
      fc.stringMatching(/^[a-z]{1,3}(?:[._:/-]{1,2}[a-z0-9]{1,3}){0,4}$/),
    );
    fc.assert(
      fc.property(text, (text) => {
        if (!isImageName(text)) return;
        const name = parseImageName(text);
        expect([text, `${text}:latest`]).toContain(formatImageName(name));
        expect(name.repository.split("/")).not.toContain("..");
        expect(name.tag).not.toMatch(/[/:]/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ...[
      "busybox:1.0",
      "library/busybox:1",
      "localhost:5000/x:y",
      "a__b/c.d:e",
      "a___b:c",
      "Foo/bar:x",
      "Foo.x/bar:x",
      "Foo:5/bar:x",
    ],
    ...["busyBox:1", "a/../b:c", "busybox:-a", "a//b:c", "-a:b", "a..b:c", "Foo:x"],
    ...["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde:1", "a-_b:c", "a.b:c", "a---b:c"],
  ])("%s is one for skopeo if it is one here", async (text) => {
    const missing = `docker-archive:${await scratch.fresh()}/missing.tar:${text}`;
    const { stderr, exitCode } = await execa("skopeo", ["inspect", missing], { reject: false });
    expect(exitCode).not.toBe(0);
    // It reads the name before it looks for the archive.
    expect(/no such file/.test(stderr)).toBe(isImageName(text));
  });
});
