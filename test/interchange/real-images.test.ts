// Images that umoci made, in each form they come in: mounted they are the tree that `umoci unpack` makes of them.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobData } from "../../src/jobs/index.js";
import { runJob, useDock } from "../support/dock.js";
import {
  linkDockerLayers,
  mergeDockerArchives,
  packDirectory,
  toDocker25,
  toDockerArchive,
  withoutManifest,
} from "../support/images/converted-images.js";
import { recompress } from "../support/images/oci-layout.js";
import { skopeoCopy, umociUnpack } from "../support/images/peers.js";
import { makeRealImages } from "../support/images/real-images.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shownTree } from "../support/mounts/scratch-mounts.js";
import { listTree } from "../support/trees/tree-listing.js";

const dock = useDock();
let layout: string;
/** What umoci unpacks of each image, by its tag. */
const trees = new Map<string, string[]>();

beforeAll(async () => {
  layout = await makeRealImages(join(dock.scratch, "made"));
  for (const tag of ["all", "sibling"]) {
    const rootfs = await umociUnpack(`${layout}:${tag}`, join(dock.scratch, `bundle-${tag}`));
    trees.set(tag, await listTree(rootfs));
  }
  recompress(layout, "all", "mixed", ["zstd", "none", "xz", "gzip"]);
});
afterAll(() => unmountBelow(dock.scratch));

/** Where a test of this name puts what it makes. */
function place(name: string): string {
  return join(dock.scratch, name);
}

/** Makes a source; and the images in it by their names, each with the tag in umoci's layout that it came from. */
interface Case {
  readonly format: "docker" | "docker-legacy" | "oci";
  readonly make: () => Promise<string>;
  readonly name?: string;
  readonly images: Readonly<Record<string, "all" | "sibling">>;
}

const cases: Readonly<Record<string, Case>> = {
  "a layout of umoci's, as a directory": {
    format: "oci",
    make: async () => layout,
    name: "a/b",
    images: { "a/b:all": "all", "a/b:sibling": "sibling", "a/b:mixed": "all" },
  },
  "the same as a tar": {
    format: "oci",
    make: () => packDirectory(layout, place("layout.tar")),
    name: "a/b",
    images: { "a/b:all": "all", "a/b:sibling": "sibling", "a/b:mixed": "all" },
  },
  "the same as a tar that is compressed once more": {
    format: "oci",
    make: () => packDirectory(layout, place("layout.tar.zst"), "zstd -q"),
    name: "a/b",
    images: { "a/b:all": "all", "a/b:sibling": "sibling", "a/b:mixed": "all" },
  },
  "a layout of skopeo's, its layers compressed by zstd": {
    format: "oci",
    make: async () => {
      const to = `oci:${place("zstd")}:localhost:5000/x:y`;
      await skopeoCopy(`oci:${layout}:all`, to, "--dest-compress-format", "zstd");
      return place("zstd");
    },
    images: { "localhost:5000/x:y": "all" },
  },
  "an oci-archive of skopeo's": {
    format: "oci",
    make: async () => {
      await skopeoCopy(`oci:${layout}:all`, `oci-archive:${place("oci.tar")}:example.org/x:1.0`);
      return place("oci.tar");
    },
    images: { "example.org/x:1.0": "all" },
  },
  "a docker-archive of skopeo's": {
    format: "docker",
    make: () => toDockerArchive(`${layout}:all`, place("docker.tar"), "example.org/x:1.0"),
    images: { "example.org/x:1.0": "all" },
  },
  "a docker-archive of two images whose layers are links": {
    format: "docker",
    make: async () => {
      const archives = await Promise.all(
        (["all", "sibling"] as const).map((tag) =>
          toDockerArchive(`${layout}:${tag}`, place(`one-${tag}.tar`), `example.org/x:${tag}`),
        ),
      );
      return linkDockerLayers(await mergeDockerArchives(archives, place("two.tar")), place("linked.tar"));
    },
    images: { "example.org/x:all": "all", "example.org/x:sibling": "sibling" },
  },
  "what Docker 25 saves, a docker-archive and a layout in one": {
    format: "oci",
    make: () => toDocker25(layout, "all", place("docker-25.tar"), "example.org/x:25"),
    images: { "example.org/x:25": "all" },
  },
  "what skopeo writes for Docker 1.9": {
    format: "docker-legacy",
    make: async () =>
      withoutManifest(
        await toDockerArchive(`${layout}:sibling`, place("old.tar"), "example.org/x:y"),
        place("legacy.tar"),
      ),
    images: { "example.org/x:y": "sibling" },
  },
};

describe("an image that umoci made", () => {
  it.each(Object.entries(cases))("is, mounted, what umoci unpacks: %s", (_, { format, make, name, images }) =>
    dock.serving(async ({ producer }) => {
      const data: JobData<"import"> = {
        source: { path: await make() },
        ...(name === undefined ? {} : { name }),
      };
      const imported = await runJob(producer, "import", data);
      expect(imported.format).toBe(format);
      expect(imported.images.flatMap(({ names }) => names).sort()).toEqual(Object.keys(images).sort());
      const tags = new Map(imported.images.map(({ id, names: [own = ""] }) => [id, images[own] ?? ""]));
      for (const [id, tag] of tags) {
        const mounted = await runJob(producer, "mount", { id, driver: "overlay", readOnly: true });
        const tree = trees.get(tag)?.map((line) => line.replace(/ links=\d+/, ""));
        expect(await shownTree(mounted.target)).toEqual(tree);
        await runJob(producer, "unmount", { mountId: mounted.mountId });
      }
    }),
  );

  it("is the same to the count of the links where it is written out instead of mounted", () =>
    dock.serving(async ({ producer }) => {
      await runJob(producer, "import", { source: { path: layout }, name: "x" });
      for (const [tag, tree] of trees) {
        const { target, mountId } = await runJob(producer, "mount", { id: `x:${tag}`, driver: "copy" });
        expect(await listTree(target)).toEqual(tree);
        await runJob(producer, "unmount", { mountId });
      }
    }));
});
