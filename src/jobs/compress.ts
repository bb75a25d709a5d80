// Compression by others: a worker leaves the blocks of a layer to compressors, each by a job of the queue `compress`. It is
// none of the graph's queues of work: its jobs are gone when they have ended, and the blocks lie beside them in Redis.
import { z } from "zod";
import { JobError, recipes, xzRecipeNames } from "../terms/index.js";
import { codeOfIssues } from "./contract.js";
import { bytes, xzRecipe } from "./fields.js";

/** The name of the queue, and of its jobs. */
export const compressQueue = "compress";

/** How long a block lies in Redis that nobody fetches, in ms. */
export const payloadExpiry = 600_000;

/** 64 lower-case hex characters. */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const largestBlock = Math.max(...xzRecipeNames.map((name) => recipes[name].blockSize));

/** What a compressor is told of a block. */
export const compressData = z.strictObject({
  /** What the keys of the block begin with: a hash tag of its own, so that blocks spread over a Cluster. */
  key: z.string().regex(/^\{stevedore:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}:[0-9a-f]{32}\}$/),
  /** Bytes of the block. */
  length: z.int().min(1).max(largestBlock),
  recipe: xzRecipe,
  /** sha256 of these bytes. */
  digest: sha256,
});
export type CompressData = z.output<typeof compressData>;

/** What a compressor answers when the block is compressed. */
export const compressResult = z.strictObject({
  /** Bytes of the compressed block. */
  length: bytes.min(1),
  /** sha256 of these bytes. */
  digest: sha256,
  /** The id of the compressor, as its status has it. */
  compressor: z.string().min(1).max(200),
  /** The version of its liblzma. */
  version: z.string().min(1).max(100),
});
export type CompressResult = z.output<typeof compressResult>;

/** The keys of a block in Redis. */
export interface PayloadKeys {
  readonly input: string;
  readonly output: string;
}

/** @param token 32 lower-case hex characters, of this block and no other */
export function payloadKey(graphName: string, token: string): string {
  return `{stevedore:${graphName}:${token}}`;
}

/** @param key as `payloadKey` makes it */
export function payloadKeys(key: string): PayloadKeys {
  return { input: `${key}:input`, output: `${key}:output` };
}

/**
 * Checks the data of a job of a graph's queue: it names no other keys than a block's of this graph.
 * @throws `INVALID_JOB`, `UNKNOWN_RECIPE`
 */
export function parseCompressData(graphName: string, data: unknown): CompressData {
  const parsed = compressData.safeParse(data);
  if (!parsed.success) {
    const { issues } = parsed.error;
    const what = issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
    throw new JobError(codeOfIssues(issues), `${compressQueue}: ${what}`);
  }
  if (!parsed.data.key.startsWith(`{stevedore:${graphName}:`)) {
    throw new JobError("INVALID_JOB", `${compressQueue}: key: it is that of another graph`);
  }
  return parsed.data;
}

/** Reads a result; undefined for anything else: whoever can write to Redis wrote it. */
export function parseCompressResult(value: unknown): CompressResult | undefined {
  return compressResult.safeParse(value).data;
}

/**
 * The most bytes that a block of so many becomes: LZMA2 keeps what it cannot compress in chunks of 64 KiB with three bytes
 * each, and there are a header, an end, padding and a check.
 */
export function largestOutput(length: number): number {
  return length + 3 * Math.ceil(length / 65_536) + 1_040;
}

/** The contract as JSON Schema, as `contractAsJsonSchema` has those of the jobs. */
export function compressAsJsonSchema() {
  return { data: z.toJSONSchema(compressData, { io: "input" }), result: z.toJSONSchema(compressResult) };
}
