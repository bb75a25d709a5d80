import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/no-leftovers.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is polled for comes when it comes: the machine may be busy.
    expect: { poll: { timeout: 30_000 } },
    pool: "forks",
    maxWorkers: 2,
  },
});
