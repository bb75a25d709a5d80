// docs/prometheus-alerts.yml, by Prometheus's own tool: which series let an alert fire, and which do not.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const file = join(import.meta.dirname, "../../docs/prometheus-alerts.yml");
const rules = (
  parse(readFileSync(file, "utf8")) as {
    readonly groups: readonly {
      readonly rules: readonly { readonly alert: string; readonly expr: string }[];
    }[];
  }
).groups.flatMap((group) => group.rules);

const server = 'instance="web1"';
/** For each alert series by which it fires within an hour, and such by which it does not. */
const cases: Readonly<Record<string, { readonly fires: Series; readonly stays: Series }>> = {
  StevedoreDown: {
    fires: { 'up{job="stevedore"}': "0" },
    stays: { 'up{job="stevedore"}': "1", 'up{job="x"}': "0" },
  },
  StevedoreNoWorker: {
    fires: { [`stevedore_workers{${server}}`]: "0", [jobs("waiting")]: "3" },
    stays: { [`stevedore_workers{${server}}`]: "0", [jobs("waiting")]: "0", [jobs("delayed")]: "3" },
  },
  StevedoreRedisFull: { fires: { stevedore_redis_writable: "0" }, stays: { stevedore_redis_writable: "1" } },
  StevedoreQueuePaused: {
    fires: { 'stevedore_queue_paused{queue="store"}': "1" },
    stays: { 'stevedore_queue_paused{queue="store"}': "0" },
  },
  StevedoreQueueBehind: {
    fires: { [jobs("waiting")]: "5", [completed()]: "7" },
    stays: { [jobs("waiting")]: "5", [completed()]: "7+1x90" },
  },
  StevedoreBatchBehind: {
    fires: { [jobs("waiting-children")]: "1", [completed()]: "7" },
    stays: { [jobs("waiting-children")]: "1", [completed()]: "7", [paused()]: "1" },
  },
  StevedoreJobsFailed: {
    fires: { [ended("failed")]: "0x50 1x40" },
    stays: { [ended("failed")]: "4", [ended("cancelled")]: "0+1x90" },
  },
  StevedoreJobsCancelled: {
    fires: { 'stevedore_jobs_cancelled_total{kind="store"}': "0x50 1x40" },
    stays: { 'stevedore_jobs_cancelled_total{kind="store"}': "5" },
  },
  StevedoreWorkersLost: {
    fires: { 'stevedore_jobs_stalled_total{queue="store"}': "0x50 1x40" },
    stays: { 'stevedore_jobs_stalled_total{queue="store"}': "2" },
  },
  StevedoreCompressorShutOut: {
    fires: { 'stevedore_compressors_refused_total{host="a"}': "0x50 1x40" },
    stays: { 'stevedore_compressors_refused_total{host="a"}': "2" },
  },
  StevedoreDiskFilling: {
    fires: { stevedore_disk_free_bytes: "9", stevedore_disk_size_bytes: "100" },
    stays: { stevedore_disk_free_bytes: "11", stevedore_disk_size_bytes: "100" },
  },
  StevedoreClockSkew: {
    fires: { 'stevedore_worker_clock_skew_seconds{host="a"}': "-3" },
    stays: { 'stevedore_worker_clock_skew_seconds{host="a"}': "1.9" },
  },
  StevedoreCallbacksFailed: {
    fires: { 'stevedore_notifications_total{outcome="failed"}': "0x50 1x40" },
    stays: { 'stevedore_notifications_total{outcome="retried"}': "0+1x90" },
  },
};

/** Values of a minute each by names, in promtool's notation; one alone holds for all of the time. */
type Series = Readonly<Record<string, string>>;

function jobs(state: string): string {
  return `bullmq_jobs{${server},queue="checksum",state="${state}"}`;
}

function completed(): string {
  return `bullmq_job_completed_total{${server},queue="checksum"}`;
}

function paused(): string {
  return `stevedore_queue_paused{${server},queue="checksum"}`;
}

function ended(outcome: string): string {
  return `stevedore_job_duration_seconds_count{kind="store",outcome="${outcome}"}`;
}

it("are rules of Prometheus", async () => {
  const { stdout } = await execa("promtool", ["check", "rules", "--lint=all", "--lint-fatal", file]);
  expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
});

it("fire when they should, each of them, and only then", async () => {
  expect(Object.keys(cases)).toEqual(rules.map(({ alert }) => alert));
  const directory = await scratch.fresh();
  const tests = Object.entries(cases).flatMap(([alertname, { fires, stays }]) =>
    [fires, stays].map((series) => ({
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({
        series: name,
        values: /^-?[\d.]+$/.test(values) ? `${values}x90` : values,
      })),
      alert_rule_test: [{ eval_time: "1h", alertname, exp_alerts: [] as object[] }],
      isFiring: series === fires,
    })),
  );
  for (const { isFiring, ...test } of tests) {
    const [{ alertname = "" } = {}] = test.alert_rule_test;
    const path = join(directory, "test.json");
    writeFileSync(path, JSON.stringify({ rule_files: [file], evaluation_interval: "1m", tests: [test] }));
    // No alert is expected: where one fires, promtool fails, and says which.
    const { exitCode, stdout, stderr } = await execa("promtool", ["test", "rules", path], { reject: false });
    expect([alertname, isFiring, exitCode], stdout + stderr).toEqual([alertname, isFiring, isFiring ? 1 : 0]);
    if (isFiring) expect(stdout + stderr).toContain(`alertname="${alertname}"`);
  }
});
