// What the package publishes beside the contract (test/jobs/published.test.ts): a name that goes is missed by somebody.
import { expect, it } from "vitest";

it.each([
  [
    "graph",
    () => import("../../src/public/graph.js"),
    ["assertId", "assertRecordSize", "assertWritable", "defaultTag", "formatImageName", "inodeOf", "isId"],
    ["isImageName", "makeId", "makeRecord", "openGraph", "parseImageName", "parseRecord"],
    ["removeAbandonedStaging", "shortId"],
  ],
  [
    "producer",
    () => import("../../src/public/producer.js"),
    ["JobError", "describeRedis", "jobStates", "openProducer", "telemetryIfAsked"],
  ],
  [
    "worker",
    () => import("../../src/public/worker.js"),
    ["defaultLimits", "inboxOf", "makeInbox", "startCompressor", "startWorker"],
  ],
] as const)("stevedore-graph/%s publishes these values, and no others", async (_name, load, ...names) => {
  expect(Object.keys(await load()).sort()).toEqual(names.flat().sort());
});
