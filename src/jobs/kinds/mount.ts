// The job `mount`: an image with its ancestors as one directory on the worker's host.
import { z } from "zod";
import { durationMs, imageId, imageReference } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { hostName, mountDriver, mountId, mountOption, targetPath } from "./mount-fields.js";

const mountData = z.strictObject({
  id: imageReference,
  /** Below a directory that the worker may mount in. Default: a new one. */
  target: targetPath.optional(),
  readOnly: z.boolean().optional(),
  /** Default `auto`: the first that the worker's host can do. */
  driver: z.enum(["auto", ...mountDriver.options]).optional(),
  /** They come after the defaults `nodev` and `nosuid`. */
  options: z.array(mountOption).max(20).optional(),
  /** The host whose worker is to mount it. Default: whichever takes the job. */
  host: hostName.optional(),
});

const mountResult = z.strictObject({
  mountId,
  id: imageId,
  target: targetPath,
  /** The host that has it. */
  host: hostName,
  driver: mountDriver,
  /** How many layers it is made of. */
  layers: z.int().positive(),
  /** Where what is written goes; absent for a mount that takes no writes. */
  upper: targetPath.optional(),
  durationMs,
});

export const mountJob = defineJob({
  name: "mount",
  queue: "mount",
  data: mountData,
  result: mountResult,
  subject: ["data.id"],
  unrepeatable: "each run would leave another mount behind",
  batchOf: null,
  changesPicture: true,
  goesToHost: true,
  deduplicationId: null,
});
