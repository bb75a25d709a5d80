// A Docker whose files all lie in one directory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onReadOnlyOverlay } from "../mounts/overlay-mount.js";
import { startDockerd } from "./dockerd.js";
import { type Engine, historyLine, runProgram, shownByEngine, sortedLines } from "./engine.js";

/** A running one, with its files below the temporary directory. */
export interface RunningDocker extends Engine, AsyncDisposable {}

/** Starts one. Needs root. */
export async function startDocker(): Promise<RunningDocker> {
  // The paths of sockets are short.
  const directory = await mkdtemp(join(tmpdir(), "stevedore-docker-"));
  const daemon = await startDockerd(directory);
  // The command line has two builders; the one that needs nothing else is the legacy one.
  const env = { DOCKER_HOST: daemon.host, HOME: directory, DOCKER_BUILDKIT: "0" };
  const run = (args: readonly string[]) => runProgram("docker", args, env);
  const inspect = async (reference: string): Promise<Inspected> => {
    const [image] = JSON.parse(await run(["image", "inspect", reference]));
    return image;
  };
  return {
    run,
    async importTar(archive, name) {
      await run(["import", archive, name]);
    },
    async build(context, name, options = []) {
      await run(["build", "--network=none", "--tag", name, ...options, context]);
    },
    async load(archive) {
      await run(["load", "--input", archive]);
    },
    async save(references, archive) {
      await run(["save", "--output", archive, ...references]);
    },
    async remove(reference) {
      await run(["image", "rm", reference]);
    },
    start: (reference, ...command) => run(["run", "--rm", "--network=none", reference, ...command]),
    imageId: async (reference) => (await inspect(reference)).Id,
    diffIds: async (reference) => (await inspect(reference)).RootFS.Layers,
    names: async () => sortedLines(await run(["images", "--format", "{{.Repository}}:{{.Tag}}"])),
    async history(reference) {
      const lines = await run([
        ...["history", "--no-trunc", "--human=false", "--format", "{{json .}}", reference],
      ]);
      return lines.split("\n").map((line) => {
        const { CreatedAt, CreatedBy, Size, Comment } = JSON.parse(line);
        return historyLine({ created: CreatedAt, createdBy: CreatedBy, size: Size, comment: Comment });
      });
    },
    config: async (reference) => (await inspect(reference)).Config,
    async listing(reference) {
      const { LowerDir, UpperDir } = (await inspect(reference)).GraphDriver.Data;
      const layers = [UpperDir, ...(LowerDir ?? "").split(":")].filter((layer) => layer !== "");
      const merged = await mkdtemp(join(directory, "merged-"));
      return onReadOnlyOverlay(merged, layers, shownByEngine);
    },
    async [Symbol.asyncDispose]() {
      await daemon.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What `docker image inspect` tells, as far as it is asked for. The driver is overlay2: the topmost layer is called upper. */
interface Inspected {
  readonly Id: string;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: unknown;
  readonly GraphDriver: { readonly Data: { readonly LowerDir?: string; readonly UpperDir: string } };
}
