import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first: begun last, one of them would run on while the other cores have nothing
 * left to do. Those that wait stand between those that compute. The others follow as vitest thinks best.
 */
const longest = [
  ...[
    "chaos/chaos",
    "model/model",
    "cli/commands/lists",
    "worker/mount-crash",
    "worker/crash",
    "worker/batches/batch-crash",
  ],
  ...["worker/compress/compressors", "worker/compress/offload", "worker/resumption"],
  ...["worker/redis-topologies", "worker/cancel", "server/dashboard/dashboard", "worker/worker"],
  ...["accessibility", "graph-page", "images-page", "add"].map((name) => `server/dashboard/${name}`),
  ...["server/dashboard/overview", "server/dashboard/jobs-page", "server/dashboard/outside-pages"],
  ...["interchange/round-trip", "interchange/engines", "install/packages", "docs/other-languages"],
  ...["worker/scheduled-run", "worker/telemetry/job-log", "server/api/layer"],
  ...["cli/embedded/embedded-redis", "audit/audit", "cli/commands/services/worker-start"],
  ...["mount/drivers/overlay", "interchange/exported-images", "mount/views/layer-view", "layer/checksum"],
  ...["mount/image-deletion", "graph/sets/killed-set", "audit/damage", "interchange/killed-import"],
  ...["mount/drivers/fuse-overlayfs", "mount/drivers/copy", "interchange/real-images", "corpus/corpus"],
  ...["cli/commands/mounts/mount", "cli/commands/images/store", "cli/commands/mounts/commit"],
  ...["cli/commands/queues/schedule", "layer/xz/engine", "cli/commands/images/large-graph"],
].map((name) => `/test/${name}.test.ts`);

/**
 * The files that are run one after the other in the same processes: each would take longer to load what it tests than to
 * test it. They leave nothing in their process that another could find, and do not ask which processes it has started.
 */
const sharing = [
  ...[
    "audit/*",
    "bench/*",
    "cli/*",
    "cli/{commands,terminal}/**/*",
    "deploy/*",
    "disk/*",
    "docs/*",
    "garbage/*",
  ],
  ...["graph/*", "graph/{checksums,names}/*", "inbox/*", "interchange/{source,target}/**/*", "jobs/*"],
  ...["layer/tar/*", "redis/*", "server/dashboard/picture/**/*"],
].map((files) => `test/${files}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      // A process is kept only for a file that comes next and shares it, too.
      return (project.config.isolate ? 0 : longest.length + 1) + (found === -1 ? longest.length : found);
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

/** What is the same for both kinds of files. */
const common = {
  // What is waited for comes when it comes: the machine may be busy.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 30_000 } },
  pool: "forks",
  // One more than cores: many wait for most of their time, for locks, processes and servers.
  maxWorkers: availableParallelism() + 1,
} as const;

export default defineConfig({
  test: {
    globalSetup: ["no-leftovers", "verified-xz", "redis/shared-redis"].map(
      (name) => `test/support/${name}.ts`,
    ),
    sequence: { sequencer: LongestFirst },
    projects: [
      { test: { ...common, name: "alone", include: ["test/**/*.test.ts"], exclude: sharing } },
      { test: { ...common, name: "sharing", include: sharing, isolate: false } },
    ],
  },
});
