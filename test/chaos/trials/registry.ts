// Pulls and pushes at random: through a network that cuts, forges and refuses, by several graphs side by side; and by workers
// and commands that are killed at any moment. Graphs and registry are audited after each.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "../../support/registry/registry.js";
import { type SeededRandom, seededRandom } from "../../support/seeded-random.js";
import { signalTrial } from "../auditor/host-audit.js";
import { openVictim } from "../registry/killed.js";
import { type Lane, openLane } from "../registry/lane.js";
import type { Trial } from "../trial.js";

/** Graphs that pull and push side by side. */
const lanes = 4;
/** So many pulls and pushes by each of them are a round, beside one that is killed. */
const steps = 2;

/** A round is eight pulls and pushes through a network that fails, and one whose process is killed. */
export const registry: Trial = async ({ directory, random, rounds, kills, log, isOver }) => {
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  let jobs = 0;
  let killed = 0;
  const count = (deed: string) => void deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
  const others = Array.from({ length: lanes + 1 }, () => seededRandom(random.between(0, 2 ** 31)));
  const victims = join(directory, "victims");
  mkdirSync(victims, { recursive: true });
  await using served = await startRegistry("basic");
  const running: Lane[] = [];
  for (const [at, own] of others.slice(0, lanes).entries()) {
    const options = { name: `lane${at}`, directory: join(directory, `lane${at}`), registry: served };
    running.push(await openLane({ ...options, random: own, count, log }));
  }
  const last = others[lanes] as SeededRandom;
  const victim = await openVictim({ directory: victims, registry: served, random: last, count, log });
  const isEnough = (round: number) => (kills === undefined ? round >= rounds : killed >= kills);
  try {
    for (let round = 0; !isEnough(round) && !isOver() && findings.length === 0; round++) {
      const transfers = running.map(async (lane) => {
        for (let step = 0; step < steps && findings.length === 0; step++) {
          findings.push(...(await lane.step()));
          jobs++;
        }
      });
      const killing = async () => {
        findings.push(...(await victim.kill()));
        killed++;
        jobs++;
      };
      await Promise.all([...transfers, killing()]);
    }
  } finally {
    for (const each of [...running, victim]) await each[Symbol.asyncDispose]();
    for (const how of ["worker", "command"]) signalTrial(join(victims, how), "SIGKILL");
  }
  return { deeds, jobs, findings };
};
