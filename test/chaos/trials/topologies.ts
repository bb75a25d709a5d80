// Redis as more than one server, of which one goes: a Sentinel pair that changes its master, a Cluster that loses a node.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCluster } from "../../support/redis/redis-cluster.js";
import { startSentinel } from "../../support/redis/redis-sentinel.js";
import { playScene } from "../scene.js";
import type { Trial } from "../trial.js";
import { handIn, planRound } from "../work.js";

/** Servers that stand in for each other. */
interface Topology {
  readonly url: string;
  /** Where the graph's keys are now, for the auditor. */
  port(): Promise<number>;
  /**
   * Takes one of them away, in one of the ways it can go, and tells how. What was acknowledged before has reached
   * whoever stands in: Redis itself does not promise that (its documentation, "Replication").
   */
  disturb(isViolent: boolean): Promise<string>;
}

/** A master and its replica, watched by a sentinel. */
export const failover: Trial = async (context) => {
  // A server that is only slow, for the host is busy, must not be taken for dead: its replica may lack the newest.
  await using sentinel = await startSentinel({ downAfter: 3_000 });
  const topology: Topology = {
    url: sentinel.url,
    port: async () => (await sentinel.master()).port,
    async disturb(isViolent) {
      await sentinel.replicated();
      if (!isViolent) {
        await sentinel.failover();
        // Until the old master knows, whoever is still connected to it writes what nobody will have.
        await sentinel.replicated();
        return "let the replica take over";
      }
      const master = await sentinel.master();
      await master.kill();
      await sentinel.promoted(master);
      await master.start();
      await sentinel.replicated();
      return "killed the master of a Sentinel pair";
    },
  };
  // Awaited here: the servers end with this function.
  return await topologyTrial(topology)(context);
};

/** Three masters, of which the one that has the graph dies and comes back. */
export const clusterNode: Trial = async (context) => {
  await using cluster = await startCluster();
  const key = "{stevedore:chaos}";
  const topology: Topology = {
    url: cluster.url,
    port: async () => (await cluster.masterOf(key)).port,
    async disturb(isViolent) {
      const node = isViolent ? await cluster.masterOf(key) : context.random.pick(cluster.nodes);
      await node.kill();
      await sleep(context.random.between(0, 3_000));
      await node.start();
      await cluster.whole();
      return `stopped ${isViolent ? "the graph's own" : "a"} node of a Cluster`;
    },
  };
  return await topologyTrial(topology)(context);
};

function topologyTrial(topology: Topology): Trial {
  return (context) => {
    const { directory, contents, random, rounds, isOver } = context;
    const place = { root: join(directory, "root"), redis: topology.url };
    return playScene(context, place, async ({ producer, ledger, findings, note, audit }) => {
      for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
        const planned = planRound(round, ledger, contents, random);
        const half = Math.ceil(planned.length / 2);
        await handIn(planned.slice(0, half), producer, ledger);
        await sleep(random.between(10, 1_500));
        note(await topology.disturb(random.chance(0.7)));
        await handIn(planned.slice(half), producer, ledger);
        await audit(`redis://127.0.0.1:${await topology.port()}`);
      }
    });
  };
}
