// The bytes of exports: what was exported once has the same digest when a later version exports it again.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Graph, makeRecord, openGraph } from "../../src/graph/index.js";
import { formatFileHeader } from "../../src/interchange/target/archive-header.js";
import { dockerImages, unpackDockerGraph } from "../support/images/docker-graph.js";
import { exportInto } from "../support/images/exporting.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let graph: Graph;

/** Ids that give paths of 100 characters and of 101 in an archive, and the longest id. */
const longIds = ["a".repeat(90), "b".repeat(91), "c".repeat(128)] as const;
const exportedImages = [longIds[2], dockerImages.right] as const;

beforeAll(async () => {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  graph = await openGraph(root);
  let parent: string = dockerImages.left;
  for (const id of longIds) {
    const record = makeRecord({ id, parent, created: "2013-05-29T12:00:00Z", comment: id.slice(0, 1) });
    await graph.register({ record }, async (layer) => {
      const make = "mkdir d; echo text > d/f; ln -s f d/l; chmod 755 . d; chmod 640 d/f";
      const setTimes = "find . -exec touch -h -d @1000000000.5 {} +";
      await shell(`set -eu; ${make}; ${setTimes}`, { cwd: layer, locale: "C" });
      return {};
    });
    parent = id;
  }
  await graph.names.set(
    new Map([
      ["example.com:5000/team/web:1.0", longIds[2]],
      ["other:2", dockerImages.right],
    ]),
  );
});
afterAll(() => graph.close());

/** The sha256 of exports of `exportedImages`. */
const goldenExports = [
  ["docker", "none", "sha256:755550463077705b8382533e032a3fc870b856fa8b4d5c6104875c11d52172db"],
  ["docker", "gzip", "sha256:69e21f8d2f95b6cbb7dc0ddaf2efd6a0691572afda8d669a55d9c81e7f029fec"],
  ["docker", "zstd", "sha256:b0ed56d524bcc3f85ef2beb557c58ad91e9aa2e541f55edf8d6c0355ef2dd477"],
  ["docker", "xz", "sha256:1e39e00cd2579fbca6d40512aae6fab3f5b4ac45d5ea152e2e6877efc1f7624f"],
  ["docker-legacy", "none", "sha256:96f605bfbe4333b0e0813c3c6052b33d87d6bc7e9fadb7aa39f84813e7d611e3"],
  ["docker-legacy", "gzip", "sha256:2195482a52cd3371fb13c6ba5a0641c6325ddf3fb618df0c14c63059ccf246b0"],
  ["docker-legacy", "zstd", "sha256:db85bb3b702eece93cfeda84513e5ddf4191fdb60b50c4da4900f59bc38ebd91"],
  ["docker-legacy", "xz", "sha256:741bd27734457f6ae8f4097648d6b2e6a3308e5d1f18050dea73f30f9f3d7e54"],
  ["oci", "none", "sha256:ab8edaa62a28e48af63d46f8a3c58270f8db996e2fb710f3fbd1cfdb5e426623"],
  ["oci", "gzip", "sha256:63703fdb644792178d87c22a9c49ee21a0b26e2abd30a27982bbb35bcb96b8b6"],
  ["oci", "zstd", "sha256:98a1c2404df7593c70a4a7f0203a9c5a90e2e392462863968af2e9d73ba652d3"],
] as const;

/** What programs make of `knownText` in the versions that the golden exports were made with. gzip is no program. */
const knownAnswers = {
  none: undefined,
  gzip: undefined,
  zstd: {
    args: ["-q", "-3", "-T2"],
    sha256: "93a7e4ab25d9692a4a0ee700a87a7125cbb547e488d4b80259e5b84499b7a10d",
  },
  xz: {
    args: ["-6"],
    sha256: "5173a9946519dd59c92493b964f06553043fdbffad02d44b74dd80c51be6cb6d",
  },
} as const;
const knownText = Array.from({ length: 60_000 }, (_, at) => `${at * at} `).join("");

/** Another version of a program may compress better: its exports have other digests, as the documentation says. */
function hasKnownVersion(program: keyof typeof knownAnswers): boolean {
  const known = knownAnswers[program];
  if (known === undefined) return true;
  return sha256(execFileSync(program, known.args, { input: knownText })) === known.sha256;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("an export", () => {
  it.for(goldenExports)("as %s with layers in %s has the bytes it always had", async (golden, { skip }) => {
    const [format, compression, digest] = golden;
    skip(!hasKnownVersion(compression), `this host has another version of ${compression}`);
    const exported = await exportInto(await scratch.fresh(), graph, exportedImages, { format, compression });
    expect(exported.digest).toBe(digest);
  });
});

describe("the header of a file", () => {
  it("has the bytes it always had, whatever the size and the length of the path", () => {
    const sizes = [0, 1, 7, 8, 511, 512, 8 ** 7, 1024 ** 3 - 1, 1024 ** 3, 8 * 1024 ** 3 - 1, 8 * 1024 ** 3];
    const paths = [1, 98, 99, 100].map((length) => "n".repeat(length));
    for (const length of [1, 64, 89, 90, 91, 99, 100, 129, 130, 131, 154, 155]) {
      paths.push(`${"d".repeat(length)}/layer.tar`);
    }
    const headers = paths.flatMap((path) => sizes.map((size) => formatFileHeader(path, size)));
    expect(sha256(Buffer.concat(headers))).toBe(
      "6b568309432bcd63016eb485b180d693182183db0a0f0e2e8e18229936c38348",
    );
  });
});
