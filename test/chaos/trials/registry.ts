// Pulls and pushes at random: through a network that cuts, forges and refuses, by several graphs side by side; and by workers
// and commands that are killed at any moment. Graphs and registry are audited after each.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "../../support/registry/registry.js";
import { seededRandom } from "../../support/seeded-random.js";
import { openVictim, type Victim } from "../registry/killed.js";
import { type Lane, openLane } from "../registry/lane.js";
import type { Trial } from "../trial.js";

/** A round: so many graphs pull and push so often through a network that fails, and beside them so many are killed. */
const short = { lanes: 2, steps: 3, victims: 1 };
/** Where kills are counted: sixteen pulls and pushes for two that are killed. */
const long = { lanes: 4, steps: 4, victims: 2 };

export const registry: Trial = async ({ directory, random, rounds, kills, log, isOver }) => {
  const { lanes, steps, victims } = kills === undefined ? short : long;
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  let jobs = 0;
  let killed = 0;
  await using served = await startRegistry("basic");
  const options = (name: string) => {
    const own = join(directory, name);
    mkdirSync(own, { recursive: true });
    const count = (deed: string) => void deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
    return {
      name,
      directory: own,
      registry: served,
      random: seededRandom(random.between(0, 2 ** 31)),
      count,
      log,
    };
  };
  const running: Lane[] = [];
  const doomed: Victim[] = [];
  const transfer = async (lane: Lane) => {
    for (let step = 0; step < steps && findings.length === 0; step++, jobs++)
      findings.push(...(await lane.step()));
  };
  const kill = async (victim: Victim) => {
    findings.push(...(await victim.kill()));
    killed++;
    jobs++;
  };
  const isEnough = (round: number) => (kills === undefined ? round >= rounds : killed >= kills);
  try {
    for (let at = 0; at < lanes; at++) running.push(await openLane(options(`lane${at}`)));
    for (let at = 0; at < victims; at++) doomed.push(await openVictim(options(`victim${at}`)));
    for (let round = 0; !isEnough(round) && !isOver() && findings.length === 0; round++) {
      await Promise.all([...running.map(transfer), ...doomed.map(kill)]);
    }
  } finally {
    for (const each of [...running, ...doomed]) await each[Symbol.asyncDispose]();
  }
  return { deeds, jobs, findings };
};
