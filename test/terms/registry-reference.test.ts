// References to images in registries, held against skopeo, which reads them by distribution/reference itself.
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  familiarName,
  formatRegistryReference,
  isRegistryReference,
  parseRegistryReference,
} from "../../src/terms/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const hex = "0123456789abcdef".repeat(4);
const digest = `sha256:${hex}`;

/** Text, host, repository, tag, digest, and the name in the graph. */
const read: [string, string, string, string | undefined, string | undefined, string | undefined][] = [
  ["busybox", "docker.io", "library/busybox", "latest", undefined, "busybox:latest"],
  ["busybox:1.36", "docker.io", "library/busybox", "1.36", undefined, "busybox:1.36"],
  ["team/web", "docker.io", "team/web", "latest", undefined, "team/web:latest"],
  ["library/busybox", "docker.io", "library/busybox", "latest", undefined, "busybox:latest"],
  ["library/a/b", "docker.io", "library/a/b", "latest", undefined, "library/a/b:latest"],
  ["docker.io/busybox", "docker.io", "library/busybox", "latest", undefined, "busybox:latest"],
  ["docker.io/library/busybox:1", "docker.io", "library/busybox", "1", undefined, "busybox:1"],
  ["index.docker.io/busybox", "docker.io", "library/busybox", "latest", undefined, "busybox:latest"],
  ["index.docker.io/team/web:2", "docker.io", "team/web", "2", undefined, "team/web:2"],
  ["docker.io/localhost/x:1", "docker.io", "localhost/x", "1", undefined, "docker.io/localhost/x:1"],
  ["docker.io/a.b/x:1", "docker.io", "a.b/x", "1", undefined, "docker.io/a.b/x:1"],
  ["localhost/x", "localhost", "x", "latest", undefined, "localhost/x:latest"],
  ["localhost:5000/x", "localhost:5000", "x", "latest", undefined, "localhost:5000/x:latest"],
  ["localhost:5000/a/b:1", "localhost:5000", "a/b", "1", undefined, "localhost:5000/a/b:1"],
  ["library:5000/x", "library:5000", "x", "latest", undefined, "library:5000/x:latest"],
  ["ghcr.io/a/b/c:v1", "ghcr.io", "a/b/c", "v1", undefined, "ghcr.io/a/b/c:v1"],
  ["127.0.0.1:80/x", "127.0.0.1:80", "x", "latest", undefined, "127.0.0.1:80/x:latest"],
  ["[::1]/x", "[::1]", "x", "latest", undefined, "[::1]/x:latest"],
  ["[2001:DB8::1]:443/x:y", "[2001:DB8::1]:443", "x", "y", undefined, "[2001:DB8::1]:443/x:y"],
  ["Reg.Example.COM/x", "Reg.Example.COM", "x", "latest", undefined, "Reg.Example.COM/x:latest"],
  ["Registry:5000/x:Y", "Registry:5000", "x", "Y", undefined, "Registry:5000/x:Y"],
  [`busybox@${digest}`, "docker.io", "library/busybox", undefined, digest, undefined],
  [`busybox:1@${digest}`, "docker.io", "library/busybox", "1", digest, "busybox:1"],
  [`a.b:1/c@${digest}`, "a.b:1", "c", undefined, digest, undefined],
  [`a.b:1/c:d@${digest}`, "a.b:1", "c", "d", digest, "a.b:1/c:d"],
  [
    `${"a".repeat(237)}:${"b".repeat(128)}`,
    "docker.io",
    `library/${"a".repeat(237)}`,
    "b".repeat(128),
    undefined,
    `${"a".repeat(237)}:${"b".repeat(128)}`,
  ],
];

const refused: [string, string][] = [
  ["nothing", ""],
  ["a host alone", "localhost:5000/"],
  ["a path that begins with a slash", "/busybox"],
  ["upper case in the path", "example.com/Busybox"],
  ["upper case without a host", "BusyBox"],
  ["an upper-case word before the path", "Foo/bar"],
  ["a URL", "https://example.com/busybox"],
  ["a transport", "docker://busybox"],
  ["a user", "user@example.com/busybox"],
  ["a user and a password", "user:secret@example.com/busybox"],
  ["a blank", "busy box"],
  ["a line end", "busybox\n"],
  ["what is no ASCII", "b\u00fcsybox"],
  ["..", "a/../b"],
  ["two slashes", "a//b"],
  ["an empty tag", "busybox:"],
  ["two tags", "busybox:1:2"],
  ["a tag that begins with -", "busybox:-a"],
  ["a tag of 129 characters", `a:${"b".repeat(129)}`],
  ["an image ID", hex],
  ["an image ID as the name", `library/${hex}`],
  ["a digest alone", `@${digest}`],
  ["an empty digest", "busybox@"],
  ["a short digest", "busybox@sha256:0123"],
  ["a digest in upper case", `busybox@sha256:${"A".repeat(64)}`],
  ["a digest of another kind", `busybox@sha512:${"0".repeat(128)}`],
  ["two digests", `busybox@${digest}@${digest}`],
  ["a tag behind the digest", `busybox@${digest}:1`],
  ["an empty port", "localhost:/x"],
  ["a port that is none", "localhost:65536/x"],
  ["a port of letters", "localhost:http/x"],
  ["a host that begins with -", "-a.example.com/x"],
  ["an address that is none", "[::1::2]:5000/x"],
  ["four numbers that are no address", "1.2.3.256/x"],
  ["a zone", "[fe80::1%eth0]/x"],
  ["a name that is too long with what Docker puts before it", "a".repeat(238)],
  ["a name that is too long", `example.com/${"a".repeat(244)}`],
  ["very many characters", "a".repeat(1_000_000)],
];

describe("a reference to an image in a registry", () => {
  it.each(read)("%s is read and made whole", (text, host, repository, tag, digest, name) => {
    const reference = parseRegistryReference(text);
    expect(reference).toEqual({ host, repository, tag, digest });
    expect(isRegistryReference(text)).toBe(true);
    expect(familiarName(reference)).toBe(name);
    expect(parseRegistryReference(formatRegistryReference(reference))).toEqual(reference);
  });

  it.each(refused)("is not %s", (_, text) => {
    expect(() => parseRegistryReference(text)).toThrow(expect.objectContaining({ code: "INVALID_NAME" }));
    expect(isRegistryReference(text)).toBe(false);
  });

  it("that is none is named by its text, in quotes and not at any length", () => {
    expect(() => parseRegistryReference("a\u001b[2J")).toThrow(/^"a\\u001b\[2J" is not a valid reference/);
    expect(() => parseRegistryReference("A".repeat(10_000))).toThrow(/^.{0,450}$/);
    expect(isRegistryReference(undefined)).toBe(false);
  });

  it("is written whole", () => {
    expect(formatRegistryReference(parseRegistryReference("busybox"))).toBe(
      "docker.io/library/busybox:latest",
    );
    expect(formatRegistryReference(parseRegistryReference(`localhost:5000/x:1@${digest}`))).toBe(
      `localhost:5000/x:1@${digest}`,
    );
  });

  it("stands for itself again by its name in the graph", () => {
    const text = fc.stringMatching(
      /^(?:[A-Za-z0-9]{1,3}(?:[.:][0-9a-z]{1,4})?\/)?[a-z]{1,3}(?:[._/-]{1,2}[a-z0-9]{1,3}){0,3}(?::[a-z]{1,3})?$/,
    );
    fc.assert(
      fc.property(text, (text) => {
        if (!isRegistryReference(text)) return;
        const reference = parseRegistryReference(text);
        expect(parseRegistryReference(familiarName(reference) ?? "")).toEqual(reference);
      }),
      { numRuns: 2_000 },
    );
  });

  // skopeo leaves it to the connection to find that a host is no address; it has no use for a tag with a digest, and
  // Debian's knows no addresses of IPv6. Digests of other kinds no registry of Docker's has.
  const otherwise = /port that is none|address|image ID as the name|digest of another kind/;
  it.each([
    ...read
      .filter(
        ([text, , , tag, digest]) => !text.startsWith("[") && (tag === undefined || digest === undefined),
      )
      .map(([text]) => text),
    ...refused
      .filter(([what, text]) => !otherwise.test(what) && text.length < 1_000 && !text.includes("\n"))
      .map(([, text]) => text),
  ])("%s is one for skopeo if it is one here", async (text) => {
    const missing = `oci:${await scratch.fresh()}/missing`;
    const { stderr, exitCode } = await execa("skopeo", ["copy", missing, `docker://${text}`], {
      reject: false,
    });
    expect(exitCode).not.toBe(0);
    // It reads the names before it looks for the layout.
    expect(/no such file/.test(stderr)).toBe(isRegistryReference(text));
  });
});
