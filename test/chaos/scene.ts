// A trial's service with its client and its ledger, from its start to its end.
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import type { Producer } from "../../src/producer/index.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { auditGraph, auditLeftovers } from "./auditor/graph-audit.js";
import { auditHost, signalTrial } from "./auditor/host-audit.js";
import { auditQueue } from "./auditor/queue-audit.js";
import { drain } from "./drain.js";
import { type Ledger, openLedger } from "./ledger.js";
import { openService, type Service } from "./service.js";
import type { TrialContext, TrialReport } from "./trial.js";

export interface Scene {
  readonly service: Service;
  readonly producer: Producer;
  readonly ledger: Ledger;
  /** What the auditor has found so far. */
  readonly findings: string[];
  /** Counts a deed, and tells of it, with what is not counted by itself. */
  note(deed: string, detail?: string): void;
  /** Waits for the end of all jobs, and audits them, the graph and the host. @param at where Redis is, if not at its URL */
  audit(at?: string): Promise<void>;
}

/** Starts the service, hands the scene to `play`, and leaves nothing behind, whatever came of it. */
export async function playScene(
  { directory, contents, sources, log }: TrialContext,
  { root, redis }: { readonly root: string; readonly redis?: string | undefined },
  play: (scene: Scene) => Promise<void>,
): Promise<TrialReport> {
  mkdirSync(root, { recursive: true });
  const service = openService({ root, redis, sources });
  const ledger = openLedger();
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  const lookAtHost = () => auditHost(root, ledger, { expectedPids: service.pids() });
  const look = async () => [
    ...(await auditGraph(root, ledger, { contents, isQuiet: true })),
    ...lookAtHost(),
  ];
  await service.start();
  const producer = service.openProducer();
  try {
    await play({
      ...{ service, producer, ledger, findings },
      note(deed, detail = "") {
        deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
        log(`${deed}${detail}`);
      },
      async audit(at) {
        const plain: Redis | Cluster = service.openRedis(at);
        try {
          await drain(plain, service.graph, ledger, ["store", "checksum", "mount"]);
          findings.push(...(await auditQueue(plain, service.graph, ledger)));
        } finally {
          plain.disconnect();
        }
        // What takes no time first: what a worker still does, it shall have done before the graph is read.
        await untilSettled(async () => [...auditLeftovers(root), ...lookAtHost()]);
        findings.push(...(await untilSettled(look)));
      },
    });
    if (findings.length === 0) {
      await service.stop();
      findings.push(...auditHost(root, ledger, { expectedPids: [] }));
    }
  } finally {
    if (findings.length > 0) log(`the worker's last words:\n${service.lastWords()}`);
    await service.killWorker();
    await producer.close();
    signalTrial(root, "SIGKILL");
    unmountBelow(directory);
  }
  const again = [...ledger.ends.values()].filter(({ tries = 0 }) => tries > 1).length;
  const counts = new Map(again > 0 ? [["jobs begun again", again]] : []);
  return { deeds, counts, jobs: ledger.jobs.length, findings };
}

/**
 * Looks until nothing is found, or what is found stays. A worker writes the file of checksums a second after a job has
 * ended, later where the host is busy. And a try that lost its lock to another one, while Redis was away, learns of it
 * when it renews that, half a lock's time later; until then it goes on.
 */
export async function untilSettled(look: () => Promise<string[]>): Promise<string[]> {
  for (let left = settlingTime; ; left -= lookInterval) {
    const found = await look();
    if (found.length === 0 || left <= 0) return found;
    await sleep(lookInterval);
  }
}

/**
 * In ms: a real worker's locks last 20 s. It is counted in looks, here and in `drain`, for the clock goes on where all of
 * this stands still.
 */
const settlingTime = 20_000;
const lookInterval = 200;
