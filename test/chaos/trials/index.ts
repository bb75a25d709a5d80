// The trials by name.
import type { Trial } from "../trial.js";
import { blocks } from "./blocks.js";
import { diskFull } from "./disk-full.js";
import { killEmbedded, killWithRedis } from "./kill.js";
import { outage } from "./outage.js";
import { powerCut, powerCutEmbedded } from "./power-cut.js";
import { registry } from "./registry.js";
import { clusterNode, failover } from "./topologies.js";

export const trials = {
  kill: killWithRedis,
  "kill-embedded": killEmbedded,
  "power-cut": powerCut,
  "power-cut-embedded": powerCutEmbedded,
  outage,
  failover,
  "cluster-node": clusterNode,
  "disk-full": diskFull,
  blocks,
  registry,
} as const satisfies Record<string, Trial>;
