import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The files that take longest, the longest first: begun last, one of them would run on while the other cores have nothing
 * left to do. The others follow as vitest thinks best.
 */
const longest = [
  ...["chaos/chaos", "worker/mount-crash", "layer/xz-engine", "worker/redis-topologies", "cli/mount"],
  ...["cli/checksum", "cli/commit", "cli/embedded-redis", "cli/worker-start", "cli/store", "cli/help"],
  ...["worker/cancel", "mount/fuse-overlayfs", "mount/overlay", "mount/copy", "cli/schedule"],
  ...["server/dashboard/dashboard", "worker/worker", "cli/large-graph", "worker/job-log", "server/layer"],
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
    globalSetup: ["test/support/no-leftovers.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is polled for comes when it comes: the machine may be busy.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    // One more than cores: many wait for most of their time, for locks, processes and servers.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
  },
});
