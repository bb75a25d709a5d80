// Schedules: jobs that are enqueued repeatedly, by a cron expression (BullMQ's job schedulers).
import { createHash } from "node:crypto";
import type { JobsOptions, Queue } from "bullmq";
import {
  type AnyQueueName,
  assertJobSize,
  assertRepeatable,
  contract,
  deduplicationId,
  JobError,
  lastRunsKey,
  type Notify,
  parseJobData,
  parseNotify,
  type RepeatableJobName,
  repeatableJobNames,
  scheduleIdPattern,
} from "../../jobs/index.js";
import type { FailFastConnection } from "../../redis/index.js";
import { formatRegistryReference, parseRegistryReference } from "../../terms/index.js";
import type { GraphQueues } from "../graph-queues.js";
import { type JobState, type KeptState, stateOf } from "../job-records.js";
import { readCron } from "./cron.js";
import { openPausedSchedules } from "./paused.js";

/** A schedule to set. It replaces one of the same id. */
export interface NewSchedule {
  /** The job that is enqueued; one that may not be repeated is refused. */
  readonly name: string;
  /** The data of each of its runs. */
  readonly data: unknown;
  /**
   * Five fields (minute, hour, day of the month, month, day of the week), six with the second before them, or a name
   * such as `@daily`: crontab(5) and the README of the package cron-parser.
   */
  readonly cron: string;
  /** The time zone of `cron`, as the IANA database names it. Default `UTC`, whatever zone a worker is in. */
  readonly tz?: string | undefined;
  /** Who is told by HTTP of the end of each run. */
  readonly notify?: Notify | undefined;
  /** Default: the job's name; for a job about one image with a dot and the image's id, or where it is in a registry. */
  readonly id?: string | undefined;
}

/** A schedule that is set. Times are in ms since the epoch. */
export interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly queue: AnyQueueName;
  readonly cron: string;
  readonly tz: string;
  readonly data: unknown;
  /** When its next run is due; in the past while that run waits for a worker. */
  readonly next: number;
  /** The last run that a worker took up, when it was due, and its state for as long as its record is kept. */
  readonly last?: { readonly id: string; readonly at: number; readonly state: JobState | "unknown" };
}

/** A schedule that does not run until it is resumed. */
export type PausedSchedule = Omit<Schedule, "next">;

export interface Schedules {
  /** Sets a schedule. @throws `INVALID_JOB` and what `parseJobData` throws, before anything is written; `QUEUE_UNAVAILABLE` */
  schedule(schedule: NewSchedule): Promise<Schedule>;
  /** All that run, by their ids. */
  schedules(): Promise<Schedule[]>;
  /** All that are paused, by their ids. */
  pausedSchedules(): Promise<PausedSchedule[]>;
  /** Removes a schedule, paused or not, and its next run unless that is due. @throws `INVALID_JOB` for an unknown id */
  unschedule(id: string): Promise<void>;
  /**
   * Keeps a schedule, but removes its next run unless that is due. One that is set anew runs.
   * @returns false if it is paused already @throws `INVALID_JOB` for an unknown id
   */
  pauseSchedule(id: string): Promise<boolean>;
  /** Lets it run again, by what it was set to. @returns false if it is not paused @throws `INVALID_JOB` for an unknown id */
  resumeSchedule(id: string): Promise<boolean>;
}

/** Every job that may be repeated runs on one of these queues. */
const queuesOfSchedules = [...new Set(repeatableJobNames.map((name) => contract[name].queue))];

/** @param maxJobBytes of a job's data as JSON, if not the default */
export function openSchedules(
  connection: FailFastConnection,
  queues: GraphQueues,
  graphName: string,
  maxJobBytes: number | undefined,
): Schedules {
  const { redis } = connection;
  const lastRuns = lastRunsKey(graphName);
  const paused = openPausedSchedules(redis, graphName);

  const lastRun = async (queue: Queue, id: string): Promise<Schedule["last"]> => {
    const jobId = await redis.hget(lastRuns, id);
    if (jobId === null) return undefined;
    const kept = (await queue.getJobState(jobId)) as KeptState | "unknown";
    const reason = kept === "failed" ? await redis.hget(queue.toKey(jobId), "failedReason") : null;
    const state = stateOf(kept, reason);
    return { id: jobId, at: Number(jobId.slice(jobId.lastIndexOf(":") + 1)), state };
  };

  const schedulesOf = async (name: (typeof queuesOfSchedules)[number]): Promise<Schedule[]> => {
    const queue = queues.of(name);
    const found = await queue.getJobSchedulers();
    return Promise.all(
      found.map(async ({ key, name: job, pattern, tz, next, template }) => {
        const last = await lastRun(queue, key);
        return {
          id: key,
          name: job,
          queue: name,
          cron: pattern ?? "",
          tz: tz ?? "UTC",
          data: template?.data ?? {},
          next: next ?? 0,
          ...(last === undefined ? {} : { last }),
        };
      }),
    );
  };

  const found = async (id: string) => {
    for (const name of queuesOfSchedules) {
      const scheduler = await queues.of(name).getJobScheduler(id);
      if (scheduler !== undefined) return scheduler;
    }
    return undefined;
  };

  const remove = (id: string) =>
    Promise.all(queuesOfSchedules.map((name) => queues.of(name).removeJobScheduler(id)));

  const schedules: Schedules = {
    async schedule({ name, data, cron, tz = "UTC", id, notify }) {
      assertRepeatable(name);
      const checked = parseJobData(name, data);
      assertJobSize(name, checked, maxJobBytes);
      const scheduleId = id ?? defaultId(name, checked);
      assertScheduleId(scheduleId);
      const { pattern, next } = readCron(cron, tz);
      const { queue: queueName } = contract[name];
      const queue = queues.of(queueName);
      const joined = deduplicationId(name, checked);
      // BullMQ copies this to each run, and removes the deduplication key at the run's end, but its types leave it out,
      // because it sets no such key: a run that is not due yet must not be joined. The worker sets it (beginScheduledRun).
      const opts: JobsOptions & { notify?: Notify } = {
        ...(joined === undefined ? {} : { deduplication: { id: joined } }),
        ...(notify === undefined ? {} : { notify: parseNotify(notify) }),
      };
      return connection.attempt(async () => {
        await forgetEndedRun(queue, `repeat:${scheduleId}:${next}`);
        await queue.upsertJobScheduler(scheduleId, { pattern, tz }, { name, data: checked, opts });
        await paused.forget(scheduleId);
        const stored = await queue.getJobScheduler(scheduleId);
        const last = await lastRun(queue, scheduleId);
        return {
          id: scheduleId,
          name,
          queue: queueName,
          cron: pattern,
          tz,
          data: checked,
          next: stored?.next ?? next,
          ...(last === undefined ? {} : { last }),
        };
      });
    },
    async schedules() {
      const ofQueues = await connection.attempt(() => Promise.all(queuesOfSchedules.map(schedulesOf)));
      return ofQueues.flat().sort((one, other) => (one.id < other.id ? -1 : 1));
    },
    async pausedSchedules() {
      return connection.attempt(async () => {
        // One that was paused half-way, or resumed, still runs.
        const kept = [...(await paused.all())];
        const still = await Promise.all(kept.map(async ([id]) => (await found(id)) === undefined));
        const list = kept.filter((_, index) => still[index]);
        return Promise.all(
          list.map(async ([id, { name, cron, tz, data }]) => {
            const { queue } = contract[name];
            const last = await lastRun(queues.of(queue), id);
            return { id, name, queue, cron, tz, data, ...(last === undefined ? {} : { last }) };
          }),
        );
      });
    },
    async unschedule(id) {
      const removed = await connection.attempt(async () => [await paused.forget(id), ...(await remove(id))]);
      if (!removed.includes(true)) throw unknownSchedule(id);
      await connection.attempt(() => redis.hdel(lastRuns, id));
    },
    async pauseSchedule(id) {
      return connection.attempt(async () => {
        const running = await found(id);
        if (running === undefined) {
          if (await paused.has(id)) return false;
          throw unknownSchedule(id);
        }
        const { name, pattern = "", tz = "UTC", template } = running;
        assertRepeatable(name);
        const { notify } = (template?.opts ?? {}) as { notify?: Notify };
        // Kept before it is removed: whoever breaks off in between has paused nothing.
        await paused.keep(id, { name, cron: pattern, tz, data: template?.data ?? {}, notify });
        await remove(id);
        return true;
      });
    },
    async resumeSchedule(id) {
      const kept = await connection.attempt(() => paused.get(id));
      if (kept !== undefined) await schedules.schedule({ ...kept, id });
      else if ((await connection.attempt(() => found(id))) === undefined) throw unknownSchedule(id);
      return kept !== undefined;
    },
  };
  return schedules;
}

function unknownSchedule(id: string): JobError {
  return new JobError("INVALID_JOB", `there is no schedule ${JSON.stringify(id)}`);
}

/** Removes the record of a run that was cancelled before it was due: it would keep the same run from being set again. */
async function forgetEndedRun(queue: Queue, jobId: string): Promise<void> {
  if (["completed", "failed"].includes(await queue.getJobState(jobId))) await queue.remove(jobId);
}

function defaultId(name: RepeatableJobName, data: object): string {
  if ("ref" in data) return `${name}.${idOfReference(String(data.ref))}`;
  return "id" in data ? `${name}.${String(data.id)}` : name;
}

/** Readable, and another for each reference: what a schedule's id cannot hold is `_` in it. */
function idOfReference(ref: string): string {
  const whole = formatRegistryReference(parseRegistryReference(ref));
  const mark = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${whole.replaceAll(/[^A-Za-z0-9.-]/g, "_").slice(0, 140)}.${mark}`;
}

function assertScheduleId(id: string): void {
  if (scheduleIdPattern.test(id)) return;
  throw new JobError(
    "INVALID_JOB",
    `${JSON.stringify(id)} is not a valid schedule id: use 1 to 160 of A-Z a-z 0-9 _ . -, a letter or digit first`,
  );
}
