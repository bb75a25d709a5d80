// The trials by name.
import type { Trial } from "../trial.js";
import { blocks } from "./blocks.js";
import { clocks } from "./clocks.js";
import { diskFull } from "./disk-full.js";
import {
  droppedWritesBtrfs,
  droppedWritesExt4,
  droppedWritesUnsynced,
  droppedWritesXfs,
} from "./dropped-writes.js";
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
  "dropped-writes-ext4": droppedWritesExt4,
  "dropped-writes-xfs": droppedWritesXfs,
  "dropped-writes-btrfs": droppedWritesBtrfs,
  "dropped-writes-unsynced": droppedWritesUnsynced,
  outage,
  failover,
  "cluster-node": clusterNode,
  "disk-full": diskFull,
  blocks,
  clocks,
  registry,
} as const satisfies Record<string, Trial>;
