// A podman whose files all lie in one directory, and the buildah that shares its store.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unmountBelow } from "../mounts/mounted.js";
import { type Engine, historyLine, runProgram, shownByEngine, sortedLines } from "./engine.js";

/** One with its files below the temporary directory. */
export interface OpenPodman extends Engine, AsyncDisposable {
  /** By this environment skopeo finds its store as `containers-storage:`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes an empty store. Needs root. */
export async function openPodman(): Promise<OpenPodman> {
  // A short name: podman takes no run directory of more than 50 characters.
  const directory = await mkdtemp(join(tmpdir(), "podman-"));
  const env = await configure(directory);
  const run = (args: readonly string[]) => runProgram("podman", args, env);
  const inspect = async (reference: string): Promise<Inspected> => {
    const [image] = JSON.parse(await run(["image", "inspect", reference]));
    return image;
  };
  return {
    run,
    env,
    async importTar(archive, name) {
      await run(["import", "--quiet", archive, name]);
    },
    async build(context, name, options = []) {
      // Without a runtime, which would want cgroups and namespaces that a host of tests may lack.
      const plain = ["--isolation=chroot", "--quiet", "--layers=true"];
      await runProgram("buildah", ["bud", ...plain, "--tag", name, ...options, context], env);
    },
    async load(archive) {
      await run(["load", "--quiet", "--input", archive]);
    },
    async save(references, archive, format = "docker-archive") {
      const several = references.length > 1 ? ["--multi-image-archive"] : [];
      await run(["save", "--quiet", "--format", format, ...several, "--output", archive, ...references]);
    },
    async remove(reference) {
      await run(["image", "rm", reference]);
    },
    start: (reference, ...command) =>
      // The timers of a health check would be systemd's.
      run(["run", "--rm", "--network=none", "--no-healthcheck", reference, ...command]),
    imageId: async (reference) => `sha256:${(await inspect(reference)).Id}`,
    diffIds: async (reference) => (await inspect(reference)).RootFS.Layers,
    names: async () => sortedLines(await run(["images", "--format", "{{.Repository}}:{{.Tag}}"])),
    async history(reference) {
      const steps = JSON.parse(await run(["history", "--no-trunc", "--format", "json", reference]));
      return steps.map(({ created, CreatedBy, size, comment }: Step) =>
        historyLine({ created, createdBy: CreatedBy, size: `${size}`, comment }),
      );
    },
    // Without the health check, which podman knows of no image that came by a manifest of OCI.
    config: async (reference) => (await inspect(reference)).Config,
    async listing(reference) {
      const merged = await run(["image", "mount", reference]);
      try {
        return await shownByEngine(merged);
      } finally {
        await run(["image", "unmount", reference]);
      }
    },
    async [Symbol.asyncDispose]() {
      // The driver mounts its directory on itself and leaves it so.
      unmountBelow(directory);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Inspected {
  readonly Id: string;
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: unknown;
}

interface Step {
  readonly created: string;
  readonly CreatedBy: string;
  readonly size: number;
  readonly comment: string;
}

/** Keeps all that podman and buildah write below a directory, and them from what the host has configured. */
async function configure(directory: string): Promise<Readonly<Record<string, string>>> {
  const at = (name: string) => join(directory, name);
  const containers = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "${at("tmp")}"
`;
  const storage = `
[storage]
driver = "overlay"
graphroot = "${at("store")}"
runroot = "${at("run")}"
`;
  const policy = { default: [{ type: "insecureAcceptAnything" }] };
  await writeFile(at("containers.conf"), containers);
  await writeFile(at("storage.conf"), storage);
  // A policy of the user's comes before that of the host.
  await writeFile(at("policy.json"), JSON.stringify(policy));
  return {
    HOME: directory,
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
    CONTAINERS_REGISTRIES_CONF: "/dev/null",
  };
}
