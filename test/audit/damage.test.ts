// Every kind of damage, made, found, and repaired or only told of.
import { createHash } from "node:crypto";
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { type DamageKind, damageKinds } from "../../src/audit/index.js";
import {
  addViews,
  audit,
  deadOwner,
  filledRoot,
  writeImage,
  writeMount,
} from "../support/images/damaged-graph.js";
import { dockerImages } from "../support/images/docker-graph.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { contentsOf, stateOf } from "../support/trees/disk-listing.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, left, right } = dockerImages;
const mountId = "0123456789abcdef";
const longAgo = new Date("2020-01-01T00:00:00Z");

interface Case {
  /** What the damage is, in words. */
  readonly it: string;
  readonly what: DamageKind;
  /** Where it is found, relative to the root. */
  readonly at: string;
  readonly id?: string;
  /** Damages the root. */
  readonly damage: (root: string) => unknown;
  /** Files that are written anew; for other repairs everything is moved. `false`: it is only told of. */
  readonly repair: "moves" | readonly string[] | false;
  /** Words of the message. */
  readonly says?: RegExp;
}

const diffId = `sha256:${"d".repeat(64)}`;
const layerImage = sha256(`\n${diffId}\n`);
const ownConfig = JSON.stringify({ os: "linux", rootfs: { type: "layers", diff_ids: [] } });
const configImage = sha256(ownConfig);

const cases: readonly Case[] = [
  {
    it: "staging of a process that is gone",
    what: "abandoned-staging",
    at: `graph/:tmp:/${deadOwner}-0123456789abcdef`,
    damage: (root) => writeDeep(root, `graph/:tmp:/${deadOwner}-0123456789abcdef/layer/file`),
    repair: "moves",
  },
  {
    it: "the journal of an import that cannot be read",
    what: "unfinished-import",
    at: `graph/:tmp:/${deadOwner}-0123456789abcdef.journal`,
    damage: (root) => {
      // Whose lock is taken by who tries to complete it.
      mkdirSync(join(root, "leases"));
      writeDeep(root, `graph/:tmp:/${deadOwner}-0123456789abcdef/image/json`);
      writeDeep(root, `graph/:tmp:/${deadOwner}-0123456789abcdef.journal`);
    },
    repair: "moves",
    says: /cannot be completed/,
  },
  {
    it: "an import that cannot be completed for now",
    what: "unfinished-import",
    at: `graph/:tmp:/${deadOwner}-0123456789abcdef.journal`,
    damage: (root) => {
      mkdirSync(join(root, "leases"));
      const journal = { images: [], names: [["no name", base]], holds: [base] };
      writeDeep(root, `graph/:tmp:/${deadOwner}-0123456789abcdef.journal`, JSON.stringify(journal));
    },
    repair: false,
    says: /is not complete/,
  },
  {
    it: "a lease of a process that is gone",
    what: "abandoned-lease",
    at: `leases/${deadOwner}-0123456789abcdef.json`,
    damage: (root) => writeDeep(root, `leases/${deadOwner}-0123456789abcdef.json`),
    repair: "moves",
  },
  {
    it: "a file that is no block",
    what: "stray-file",
    at: "blocks/xz-1-abc",
    damage: (root) => {
      writeDeep(root, "blocks/xz-1-abc");
      utimesSync(join(root, "blocks/xz-1-abc"), longAgo, longAgo);
    },
    repair: "moves",
    says: /is no block/,
  },
  {
    it: "a directory in the place of a block",
    what: "stray-file",
    at: `blocks/xz-1-${"a".repeat(64)}`,
    damage: (root) => writeDeep(root, `blocks/xz-1-${"a".repeat(64)}/file`),
    repair: "moves",
    says: /is not a file/,
  },
  {
    it: "a link in the place of a block",
    what: "stray-file",
    at: `blocks/xz-1-${"a".repeat(64)}`,
    damage: (root) => {
      mkdirSync(join(root, "blocks"));
      symlinkSync("/etc/passwd", join(root, `blocks/xz-1-${"a".repeat(64)}`));
    },
    repair: "moves",
    says: /is not a file/,
  },
  {
    it: "a file in the place of a claim",
    what: "stray-file",
    at: `blocks/xz-1:${base}.claim`,
    damage: (root) => writeDeep(root, `blocks/xz-1:${base}.claim`),
    repair: "moves",
    says: /in the place of a claim/,
  },
  {
    it: "a file in the place of the blocks",
    what: "stray-file",
    at: "blocks",
    damage: (root) => writeDeep(root, "blocks"),
    repair: "moves",
    says: /is not a directory/,
  },
  {
    it: "a file in the place of the staging directory",
    what: "stray-entry",
    at: "graph/:tmp:",
    damage: async (root) => {
      rmSync(join(root, "graph/:tmp:"), { recursive: true });
      writeFileSync(join(root, "graph/:tmp:"), "");
    },
    repair: "moves",
  },
  {
    it: "a name in the graph that is no id, and not UTF-8 either",
    what: "stray-entry",
    at: "graph/not \ufffd an id",
    damage: (root) => mkdirSync(Buffer.from(`${root}/graph/not \xff an id`, "latin1")),
    repair: "moves",
  },
  {
    it: "a file in the place of an image",
    what: "image-not-a-directory",
    at: "graph/README",
    id: "README",
    damage: (root) => writeFileSync(join(root, "graph/README"), "read me"),
    repair: "moves",
  },
  {
    it: "a link to nowhere in the place of an image",
    what: "image-not-a-directory",
    at: "graph/gone",
    id: "gone",
    damage: (root) => symlinkSync("/nowhere/at/all", join(root, "graph/gone")),
    repair: "moves",
  },
  {
    it: "an image without a record",
    what: "missing-record",
    at: "graph/lone",
    id: "lone",
    damage: (root) => rmSync(join(writeImage(root, "lone"), "json")),
    repair: "moves",
  },
  {
    it: "a record that is cut off",
    what: "unreadable-record",
    at: "graph/lone",
    id: "lone",
    damage: (root) => writeImage(root, "lone", '{"id":"lo'),
    repair: "moves",
  },
  {
    it: "a record that is a directory",
    what: "unreadable-record",
    at: "graph/lone",
    id: "lone",
    damage: (root) => {
      const directory = writeImage(root, "lone");
      rmSync(join(directory, "json"));
      mkdirSync(join(directory, "json"));
    },
    repair: "moves",
  },
  {
    it: "a record of another image",
    what: "wrong-id",
    at: "graph/lone",
    id: "lone",
    damage: (root) => writeImage(root, "lone", { id: "another" }),
    repair: "moves",
  },
  {
    it: "an image without a layer",
    what: "missing-layer",
    at: `graph/${right}`,
    id: right,
    damage: (root) => rmSync(join(root, "graph", right, "layer"), { recursive: true }),
    repair: "moves",
  },
  {
    it: "a layer that is a link to a directory elsewhere",
    what: "layer-not-a-directory",
    at: "graph/lone",
    id: "lone",
    damage: (root) => {
      const directory = writeImage(root, "lone");
      rmSync(join(directory, "layer"), { recursive: true });
      symlinkSync("/etc", join(directory, "layer"));
    },
    repair: "moves",
  },
  {
    it: "a broken image that others build on",
    what: "missing-layer",
    at: `graph/${base}`,
    id: base,
    damage: (root) => rmSync(join(root, "graph", base, "layer"), { recursive: true }),
    repair: false,
    says: /put back what is missing.*rm --force 8dbd9e392a96/,
  },
  {
    it: "a broken image that a mount is made of",
    what: "unreadable-record",
    at: "graph/lone",
    id: "lone",
    damage: (root) => {
      writeImage(root, "lone", "{");
      writeMount(root, mountId, { images: ["lone"], marks: ["kept"] });
    },
    repair: false,
    says: /a mount may be made of it/,
  },
  {
    it: "a record that is a fifo, which is not waited for",
    what: "unreadable-record",
    at: "graph/lone",
    id: "lone",
    damage: (root) => shell("rm json; mkfifo json", { cwd: writeImage(root, "lone") }),
    repair: "moves",
  },
  {
    it: "an image that is a link to one elsewhere, which may be where somebody wants it",
    what: "image-not-a-directory",
    at: "graph/linked",
    id: "linked",
    damage: (root) => {
      writeImage(join(root, "inbox"), "linked");
      symlinkSync("../inbox/graph/linked", join(root, "graph/linked"));
    },
    repair: false,
    says: /is a link/,
  },
  {
    it: "a parent that the graph does not have",
    what: "missing-parent",
    at: "graph/orphan",
    id: "orphan",
    damage: (root) => writeImage(root, "orphan", { id: "orphan", parent: "lost" }),
    repair: false,
    says: /lost/,
  },
  {
    it: "images that are their own ancestors",
    what: "cycle",
    at: "graph/c1",
    id: "c1",
    damage: (root) => {
      writeImage(root, "c3", { id: "c3", parent: "c1" });
      writeImage(root, "c1", { id: "c1", parent: "c2" });
      writeImage(root, "c2", { id: "c2", parent: "c3" });
      writeImage(root, "child", { id: "child", parent: "c2" });
    },
    repair: false,
    says: /c1 <- c2 <- c3 <- c1/,
  },
  {
    it: "a file in an image's directory that does not belong there",
    what: "stray-file",
    at: `graph/${base}/notes.txt`,
    id: base,
    damage: (root) => writeFileSync(join(root, "graph", base, "notes.txt"), "to do"),
    repair: "moves",
  },
  {
    it: "a file that a process died over while it wrote it",
    what: "stray-file",
    at: `graph/${base}/layer.json.new`,
    id: base,
    damage: (root) => writeFileSync(join(root, "graph", base, "layer.json.new"), "{"),
    repair: "moves",
  },
  {
    it: "facts about a layer that are no JSON",
    what: "unreadable-layer-facts",
    at: `graph/${base}/layer.json`,
    id: base,
    damage: (root) => writeFileSync(join(root, "graph", base, "layer.json"), ""),
    repair: "moves",
  },
  {
    it: "facts about a layer that cannot be believed",
    what: "unreadable-layer-facts",
    at: `graph/${base}/layer.json`,
    id: base,
    damage: (root) => writeFileSync(join(root, "graph", base, "layer.json"), '{"layerBytes":-1}'),
    repair: "moves",
  },
  {
    it: "a manifest that is none",
    what: "unreadable-manifest",
    at: `graph/${base}/manifest.gz`,
    id: base,
    damage: (root) => writeFileSync(join(root, "graph", base, "manifest.gz"), "{}"),
    repair: "moves",
  },
  {
    it: "a manifest that was never finished",
    what: "unreadable-manifest",
    at: `graph/${base}/manifest.gz`,
    id: base,
    damage: (root) =>
      writeFileSync(
        join(root, "graph", base, "manifest.gz"),
        gzipSync(`{"format":1,"tarDigest":"sha256:${"-".repeat(64)}"}\n`, { level: 0 }),
      ),
    repair: "moves",
  },
  {
    it: "a lossless layer without its tar-split",
    what: "unreadable-tar-split",
    at: `graph/${layerImage}/tar-split.gz`,
    id: layerImage,
    damage: (root) => {
      writeLayerImage(root);
      editJson(join(root, "graph", layerImage, "layer.json"), { lossless: true });
    },
    repair: false,
  },
  {
    it: "a tar-split that is none",
    what: "unreadable-tar-split",
    at: `graph/${layerImage}/tar-split.gz`,
    id: layerImage,
    damage: (root) => {
      writeLayerImage(root);
      editJson(join(root, "graph", layerImage, "layer.json"), { lossless: true });
      writeFileSync(join(root, "graph", layerImage, "tar-split.gz"), "{");
    },
    repair: false,
  },
  {
    it: "a layer image with the record of another",
    what: "wrong-record",
    at: `graph/${layerImage}/json`,
    id: layerImage,
    damage: (root) => writeLayerImage(root, { id: layerImage, comment: "made by RUN" }),
    repair: false,
    says: /another record than its id stands for/,
  },
  {
    it: "an imported image with a record that its config does not give",
    what: "wrong-record",
    at: `graph/${configImage}/json`,
    id: configImage,
    damage: (root) => writeConfigImage(root, { record: { id: configImage, author: "forged" } }),
    repair: false,
    says: /another record than its config gives/,
  },
  {
    it: "an imported image with the config of another",
    what: "wrong-config",
    at: `graph/${configImage}/config.json`,
    id: configImage,
    damage: (root) => writeConfigImage(root, { config: "{}" }),
    repair: false,
    says: /is that of another image/,
  },
  {
    it: "an imported image with the manifest of another",
    what: "wrong-manifest",
    at: `graph/${configImage}/manifest.json`,
    id: configImage,
    damage: (root) =>
      writeConfigImage(root, { manifest: { config: { digest: `sha256:${"0".repeat(64)}` } } }),
    repair: "moves",
    says: /is not that of this image/,
  },
  {
    it: "an imported image with files in its layer",
    what: "layer-beside-config",
    at: `graph/${configImage}/layer`,
    id: configImage,
    damage: (root) => {
      writeConfigImage(root);
      writeFileSync(join(root, "graph", configImage, "layer/file"), "");
    },
    repair: false,
    says: /which are not shown/,
  },
  {
    it: "stored checksums that are no JSON",
    what: "unreadable-checksums",
    at: `graph/${right}/checksum.json`,
    id: right,
    damage: (root) => writeFileSync(join(root, "graph", right, "checksum.json"), "[]"),
    repair: "moves",
  },
  {
    it: "stored checksums that are a directory",
    what: "unreadable-checksums",
    at: `graph/${right}/checksum.json`,
    id: right,
    damage: (root) => mkdirSync(join(root, "graph", right, "checksum.json")),
    repair: "moves",
  },
  {
    it: "stored checksums that are a link to elsewhere",
    what: "unreadable-checksums",
    at: `graph/${right}/checksum.json`,
    id: right,
    damage: (root) => symlinkSync("../../checksums", join(root, "graph", right, "checksum.json")),
    repair: "moves",
  },
  {
    it: "stored checksums of which some are good",
    what: "unreadable-checksums",
    at: `graph/${left}/checksum.json`,
    id: left,
    damage: (root) => editJson(join(root, "graph", left, "checksum.json"), { "xz-1": { checksum: 7 } }),
    repair: [`graph/${left}/checksum.json`],
  },
  {
    it: "Docker's dictionary cut off",
    what: "unreadable-dictionary",
    at: "checksums",
    damage: (root) =>
      writeFileSync(join(root, "checksums"), readFileSync(join(root, "checksums")).subarray(0, 99)),
    repair: ["checksums"],
  },
  {
    it: "Docker's dictionary a directory",
    what: "unreadable-dictionary",
    at: "checksums",
    damage: (root) => {
      rmSync(join(root, "checksums"));
      writeDeep(root, "checksums/file");
    },
    repair: ["checksums"],
  },
  {
    it: "another checksum in Docker's dictionary than the image's own",
    what: "dictionary-disagrees",
    at: "checksums",
    id: left,
    damage: (root) => editJson(join(root, "checksums"), { [left]: `sha256:${"2".repeat(64)}` }),
    repair: ["checksums"],
  },
  {
    it: "Docker's dictionary gone",
    what: "dictionary-disagrees",
    at: "checksums",
    id: left,
    damage: (root) => rmSync(join(root, "checksums")),
    repair: ["checksums"],
  },
  {
    it: "changes that never reached Docker's dictionary",
    what: "unfinished-dictionary",
    at: "checksums.pending",
    damage: (root) => {
      editJson(join(root, "checksums"), {
        [left]: `sha256:${"2".repeat(64)}`,
        [right]: `sha256:${"3".repeat(64)}`,
      });
      for (const id of [left, right]) writeDeep(root, `checksums.pending/${id}`);
      utimesSync(join(root, "checksums.pending", left), longAgo, longAgo);
    },
    repair: ["checksums"],
  },
  {
    it: "a dictionary that is a link to elsewhere",
    what: "not-looked-at",
    at: "",
    damage: (root) => shell("mv checksums inbox; ln -s inbox checksums", { cwd: root }),
    repair: false,
    says: /checksums is a link/,
  },
  {
    it: "a file in the place of the directory of what the dictionary lacks",
    what: "stray-file",
    at: "checksums.pending",
    damage: (root) => writeFileSync(join(root, "checksums.pending"), ""),
    repair: "moves",
  },
  {
    it: "a dictionary that was never written to its end",
    what: "stray-file",
    at: "checksums.new",
    damage: (root) => writeFileSync(join(root, "checksums.new"), "{"),
    repair: "moves",
  },
  {
    it: "names that are cut off",
    what: "unreadable-names",
    at: "repositories",
    damage: (root) => writeFileSync(join(root, "repositories"), '{"Repositories":{"a":'),
    repair: "moves",
  },
  {
    it: "a directory in the place of the names",
    what: "unreadable-names",
    at: "repositories",
    damage: (root) => writeDeep(root, "repositories/file"),
    repair: "moves",
  },
  {
    it: "names of images that are not there",
    what: "orphaned-names",
    at: "repositories",
    damage: (root) => {
      const repositories = { a: { latest: left, "1": "gone" }, b: { "2": "../graph" } };
      writeFileSync(join(root, "repositories"), JSON.stringify({ Repositories: repositories, Other: 1 }));
    },
    repair: ["repositories"],
    says: /: "a:1" of "gone", "b:2" of "\.\.\/graph"$/,
  },
  {
    it: "names that were never written to their end",
    what: "stray-file",
    at: "repositories.new",
    damage: (root) => writeFileSync(join(root, "repositories.new"), "{"),
    repair: "moves",
  },
  {
    it: "an identity that is none",
    what: "damaged-graph-id",
    at: "graph-id",
    damage: (root) => writeFileSync(join(root, "graph-id"), ""),
    repair: false,
  },
  {
    it: "a view in which something was changed",
    what: "damaged-view",
    at: `views/${left}`,
    id: left,
    damage: (root) => writeFileSync(join(root, "views", left, "intruder"), ""),
    repair: "moves",
    says: /not as it was made/,
  },
  {
    it: "a changed view that a mount may show",
    what: "damaged-view",
    at: `views/${left}`,
    id: left,
    damage: (root) => {
      writeFileSync(join(root, "views", left, "intruder"), "");
      writeMount(root, mountId, { images: [left], marks: ["kept"] });
    },
    repair: false,
    says: /a mount may show it/,
  },
  {
    it: "a view of layers that were exchanged",
    what: "damaged-view",
    at: `views/${left}`,
    id: left,
    damage: async (root) =>
      shell("cp -a layer copy; rm -r layer; mv copy layer", { cwd: join(root, "graph", left) }),
    repair: "moves",
    says: /other layers/,
  },
  {
    it: "a view of which nothing is known",
    what: "damaged-view",
    at: `views/${left}`,
    id: left,
    damage: (root) => rmSync(join(root, "views/:built:", left)),
    repair: "moves",
    says: /never finished/,
  },
  {
    it: "a view that its image does not need",
    what: "damaged-view",
    at: `views/${base}`,
    id: base,
    damage: (root) => writeDeep(root, `views/${base}/file`),
    repair: "moves",
    says: /does not need/,
  },
  {
    it: "a view of an image that is gone",
    what: "orphaned-view",
    at: "views/gone",
    id: "gone",
    damage: (root) => writeDeep(root, "views/gone/etc/file"),
    repair: "moves",
  },
  {
    it: "a file among the views",
    what: "stray-file",
    at: "views/file",
    damage: (root) => writeDeep(root, "views/file"),
    repair: "moves",
  },
  {
    it: "knowledge of a view that cannot be read",
    what: "damaged-view-note",
    at: `views/:built:/${base}`,
    id: base,
    damage: (root) => writeFileSync(join(root, "views/:built:", base), "null"),
    repair: "moves",
  },
  {
    it: "knowledge of a view without all that must be known",
    what: "damaged-view-note",
    at: `views/:built:/${base}`,
    id: base,
    damage: (root) => editJson(join(root, "views/:built:", base), { isBottom: undefined }),
    repair: "moves",
  },
  {
    it: "knowledge of a view that is a fifo, which is not waited for",
    what: "damaged-view-note",
    at: `views/:built:/${base}`,
    id: base,
    damage: (root) => shell(`rm ${base}; mkfifo ${base}`, { cwd: join(root, "views/:built:") }),
    repair: "moves",
  },
  {
    it: "knowledge of a view that is gone",
    what: "damaged-view-note",
    at: `views/:built:/${left}`,
    id: left,
    damage: (root) => rmSync(join(root, "views", left), { recursive: true }),
    repair: "moves",
  },
  {
    it: "knowledge of an image that is gone",
    what: "orphaned-view-note",
    at: "views/:built:/gone",
    id: "gone",
    damage: (root) => writeDeep(root, "views/:built:/gone", '{"layers":"x","view":null,"isBottom":false}'),
    repair: "moves",
  },
  {
    it: "a link to a lower by the name of another",
    what: "damaged-view-note",
    at: "views/:links:/abcdef",
    id: base,
    damage: (root) => symlinkSync(join(root, `graph/${base}/layer`), join(root, "views/:links:/abcdef")),
    repair: "moves",
  },
  {
    it: "a link to a lower of an image that is gone",
    what: "orphaned-view-note",
    at: "views/:links:/gone",
    id: "gone",
    damage: (root) => symlinkSync(join(root, "graph/gone/layer"), join(root, "views/:links:/gone")),
    repair: "moves",
  },
  {
    it: "a link among those to lowers that leads elsewhere",
    what: "stray-file",
    at: "views/:links:/fedcba",
    damage: (root) => {
      symlinkSync("/etc", join(root, "views/:links:/fedcba"));
      lutimesSync(join(root, "views/:links:/fedcba"), longAgo, longAgo);
    },
    repair: "moves",
  },
  {
    it: "an upper for the next mount with something in it",
    what: "damaged-view-note",
    at: "views/:uppers:/NAME",
    id: left,
    damage: (root) => writeFileSync(join(root, "views/:uppers:", upperOf(root), "intruder"), ""),
    repair: "moves",
    says: /not empty/,
  },
  {
    it: "an upper for the next mount with other attributes than the image's root",
    what: "damaged-view-note",
    at: "views/:uppers:/NAME",
    id: left,
    damage: (root) => chmodSync(join(root, "views/:uppers:", upperOf(root)), 0o700),
    repair: "moves",
    says: /other attributes/,
  },
  {
    it: "an upper for the next mount that is a link to elsewhere",
    what: "damaged-view-note",
    at: "views/:uppers:/NAME",
    id: left,
    damage: (root) => {
      const path = join(root, "views/:uppers:", upperOf(root));
      rmSync(path, { recursive: true });
      symlinkSync("/etc", path);
    },
    repair: "moves",
    says: /not a directory/,
  },
  {
    it: "an upper for the next mount of an image that is gone",
    what: "orphaned-view-note",
    at: "views/:uppers:/gone:1-1",
    id: "gone",
    damage: (root) => mkdirSync(join(root, "views/:uppers:/gone:1-1")),
    repair: "moves",
  },
  {
    it: "a link in the place of the uppers",
    what: "stray-file",
    at: "views/:uppers:",
    damage: (root) => {
      rmSync(join(root, "views/:uppers:"), { recursive: true });
      symlinkSync("/etc", join(root, "views/:uppers:"));
    },
    repair: "moves",
  },
  {
    it: "a mount's record that cannot be read",
    what: "damaged-mount-record",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => writeFileSync(join(writeMount(root, mountId), "mount.json"), "{"),
    repair: "moves",
  },
  {
    it: "a mount's folder that is a link to elsewhere",
    what: "damaged-mount-record",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => {
      writeMount(join(root, "inbox"), mountId);
      mkdirSync(join(root, "mounts"));
      symlinkSync(`../inbox/mounts/${mountId}`, join(root, "mounts", mountId));
    },
    repair: "moves",
  },
  {
    it: "a mount's record that is gone, with what was written to the mount",
    what: "damaged-mount-record",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => {
      const directory = writeMount(root, mountId);
      rmSync(join(directory, "mount.json"));
      writeFileSync(join(directory, "upper/precious"), "work of weeks");
    },
    repair: false,
    says: /upper/,
  },
  {
    it: "a mount's folder with the record of another",
    what: "damaged-mount-record",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => writeMount(root, mountId, { mountId: "fedcba9876543210", marks: ["mounted"] }),
    repair: "moves",
  },
  {
    it: "a mount that a reboot took",
    what: "stale-mount",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) =>
      writeFileSync(
        join(writeMount(root, mountId, { marks: ["mounted"] }), "upper/precious"),
        "work of weeks",
      ),
    repair: false,
    says: new RegExp(`upper.*stevedore unmount ${mountId}`),
  },
  {
    it: "a mount of which a layer is gone",
    what: "mount-without-layer",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => writeMount(root, mountId, { images: [base, "gone"], marks: ["kept"] }),
    repair: false,
    says: /image gone, whose layer is gone.*upper/,
  },
  {
    it: "a mount whose process died before it was mounted",
    what: "unfinished-mount",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => writeMount(root, mountId),
    repair: "moves",
  },
  {
    it: "a mount that was never finished but written to",
    what: "stale-mount",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => writeFileSync(join(writeMount(root, mountId), "upper/precious"), "work of weeks"),
    repair: false,
  },
  {
    it: "a copy that was never finished, in a place that somebody named",
    what: "unfinished-mount",
    at: `mounts/${mountId}`,
    id: mountId,
    damage: (root) => {
      const target = join(root, "mounts/named");
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, "half"), "");
      writeMount(root, mountId, { driver: "copy", target, isWritable: false });
    },
    repair: false,
    says: /takes it back/,
  },
  {
    it: "a file among the mounts",
    what: "stray-file",
    at: "mounts/file",
    damage: (root) => writeDeep(root, "mounts/file"),
    repair: "moves",
  },
  {
    it: "what was set aside for a mount that has ended",
    what: "leftover-aside",
    at: "mounts/:aside:/gone:image:0a1b2c3d",
    id: "gone",
    damage: (root) => writeDeep(root, "mounts/:aside:/gone:image:0a1b2c3d/layer/file"),
    repair: "moves",
  },
  {
    it: "a view that was set aside for a mount that has ended",
    what: "leftover-aside",
    at: `mounts/:aside:/${left}:view:0a1b2c3d`,
    id: left,
    damage: (root) => writeDeep(root, `mounts/:aside:/${left}:view:0a1b2c3d/etc/file`),
    repair: "moves",
  },
  {
    it: "what was set aside for nobody",
    what: "stray-file",
    at: "mounts/:aside:/x",
    damage: (root) => writeDeep(root, "mounts/:aside:/x/file"),
    repair: "moves",
  },
  {
    it: "a directory that cannot be read",
    what: "not-looked-at",
    at: "",
    damage: (root) => writeFileSync(join(root, "views"), ""),
    repair: false,
    says: /views/,
  },
];

let filled: string;

beforeAll(async () => {
  filled = await filledRoot(await scratch.fresh());
});

describe("damage", () => {
  it.each(cases.map((each) => [each.it, each] as const))(
    "%s",
    async (_, { what, at, id, damage, repair, says }) => {
      const root = join(await scratch.fresh(), "root");
      await shell(`cp -a "${filled}" "${root}"`);
      // A copy of a view is none.
      if (at.startsWith("views")) await addViews(root, left);
      const path = join(root, at.endsWith("/NAME") ? join(at, "..", upperOf(root)) : at);
      await damage(root);

      const before = await stateOf(root);
      const contents = await contentsOf(root);
      const told = await audit(root);
      expect(await stateOf(root)).toEqual(before);
      const expected = {
        ...{ code: damageKinds[what], what, path },
        ...(id === undefined ? {} : { id }),
        message: says === undefined ? expect.any(String) : expect.stringMatching(says),
      };
      expect(told).toEqual([{ ...expected, repair: repair === false ? null : expect.any(String) }]);

      const done = await audit(root, { repair: true });
      expect(done).toEqual([
        { ...expected, repair: repair === false ? null : expect.any(String), repaired: repair !== false },
      ]);
      const after = await contentsOf(root);
      expect(after).toEqual(expect.arrayContaining(contents));
      const written = after
        .filter((line) => !contents.includes(line))
        .map((line) => line.replace(/^\S+ {2}\.\//, ""));
      expect(written).toEqual(Array.isArray(repair) ? repair : []);

      const again = await audit(root, { repair: true });
      expect(again.filter((finding) => finding.repair !== null)).toEqual([]);
      expect(again).toHaveLength(repair === false ? 1 : 0);
      expect(await contentsOf(root)).toEqual(after);
    },
  );

  it("is not what imports make", async () => {
    const root = join(await scratch.fresh(), "root");
    await shell(`cp -a "${filled}" "${root}"`);
    writeLayerImage(root);
    writeConfigImage(root);
    expect(await audit(root)).toEqual([]);
  });

  it("is made here of every kind there is", () => {
    expect(new Set(cases.map(({ what }) => what))).toEqual(new Set(Object.keys(damageKinds)));
  });
});

/** The name of the only upper that lies ready. */
function upperOf(root: string): string {
  return readdirSync(join(root, "views/:uppers:"))[0] ?? "";
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Makes the image of a layer as imports make it. */
function writeLayerImage(root: string, record: object = { id: layerImage, created: "1970-01-01T00:00:00Z" }) {
  const directory = writeImage(root, layerImage, record);
  const facts = { diffId, layerBytes: 64, entries: 1, whiteouts: 0 };
  writeFileSync(join(directory, "layer.json"), JSON.stringify(facts));
}

/** Makes the image of a config as imports make it. */
function writeConfigImage(
  root: string,
  made: { readonly record?: object; readonly config?: string; readonly manifest?: object } = {},
) {
  const created = "1970-01-01T00:00:00Z";
  const {
    record = { id: configImage, created, container_config: {}, os: "linux" },
    config = ownConfig,
    manifest = { config: { digest: `sha256:${configImage}` } },
  } = made;
  const directory = writeImage(root, configImage, record);
  rmSync(join(directory, "layer/file"));
  writeFileSync(join(directory, "config.json"), config);
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifest));
}

function writeDeep(root: string, path: string, content = ""): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), content);
}

function editJson(path: string, entries: object): void {
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...entries }));
}
