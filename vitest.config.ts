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
    "cli/commands/mounts/mount",
    "worker/mount-crash",
    "cli/commands/checksums/checksum",
    "worker/crash",
    "cli/commands/mounts/commit",
  ],
  ...[
    "worker/batches/batch-crash",
    "layer/xz/engine",
    "cli/commands/services/worker-start",
    "worker/redis-topologies",
    "cli/commands/images/store",
  ],
  ...[
    "cli/embedded/embedded-redis",
    "worker/cancel",
    "corpus/corpus",
    "mount/drivers/fuse-overlayfs",
    "mount/drivers/overlay",
  ],
  ...[
    "mount/drivers/copy",
    "server/dashboard/dashboard",
    "audit/audit",
    "cli/commands/queues/schedule",
    "cli/commands/services/doctor",
    "cli/help",
  ],
  ...[
    "worker/worker",
    "worker/scheduled-run",
    "worker/telemetry/job-log",
    "cli/commands/images/large-graph",
    "server/api/layer",
  ],
].map((name) => `/test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(name));
      return found === -1 ? longest.length : found;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["no-leftovers", "verified-xz", "redis/shared-redis"].map(
      (name) => `test/support/${name}.ts`,
    ),
    // What is waited for comes when it comes: the machine may be busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    // One more than cores: many wait for most of their time, for locks, processes and servers.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
  },
});
