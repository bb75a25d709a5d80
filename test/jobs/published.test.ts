// What stevedore-graph/jobs publishes: a name that goes is missed by somebody.
import { expect, it } from "vitest";
import * as published from "../../src/public/jobs.js";

it("publishes these values, and no others", () => {
  expect(Object.keys(published).sort()).toEqual(
    [
      ...[
        "contract",
        "contractAsJsonSchema",
        "isBatch",
        "isJobName",
        "jobNames",
        "parseJobData",
        "subjectOf",
      ],
      ...["mismatchMessage", "mountOptionNames", "mountDriverNames", "differenceKinds"],
      ...["assertJobSize", "defaultBatchBytes", "defaultJobBytes", "defaultRecipe", "recipeNames"],
      ...["imageIdPattern", "imageName", "imageNamePattern", "parseProgress", "progress"],
      ...[
        "cancellationKeys",
        "deduplicationId",
        "eventsKey",
        "graphIdKey",
        "hostsKey",
        "keyPrefix",
        "jobLogEvent",
      ],
      ...[
        "hostedQueueNames",
        "queueNames",
        "queueOf",
        "queuesOfHost",
        "splitQueueName",
        "retention",
        "retryPolicy",
      ],
      ...["isJobId", "jobIdPattern", "defaultGraphName", "graphNamePattern", "hostNamePattern"],
      ...["assertRepeatable", "lastRunsKey", "repeatableJobNames", "scheduleIdPattern"],
      ...["compressData", "compressQueue", "compressResult", "payloadExpiry", "payloadKeys"],
      ...["compressorKeys", "parseCompressorStatus"],
      ...["parseWorkerStatus", "workerStatusExpiry", "workerStatusInterval", "workerStatusKeys"],
      ...[
        "JobError",
        "errorCodeTable",
        "errorCodes",
        "formatFailedReason",
        "isTransient",
        "parseFailedReason",
      ],
    ].sort(),
  );
});
