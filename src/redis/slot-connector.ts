// Connects to the one node of a Redis Cluster that has a graph: all keys of a graph lie in one slot, so that a plain
// connection is enough, which asks the cluster for the slot's master each time it is made.
//
// ioredis's own `Cluster` was tried instead, with three masters. It takes 3 connections instead of 1 for a producer, and 21
// instead of 9 for a producer with a worker, and 16 % more CPU per job (908 ms instead of 781 for 5,000 jobs, medians).
// After a failover jobs ran again within 0.1 s of the promotion instead of 0.25. It is not used, for it breaks promises:
// - While the graph's node is away, `workers` returns 0 instead of failing: CLIENT LIST goes to the nodes that are left.
// - It always queues commands for a node that is away: one that was reported as failed may run afterwards.
// - It needs more rights than the user in docs/redis.md has (CLUSTER INFO), and without them never becomes ready.
import { createConnection, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import keySlot from "cluster-key-slot";
import { AbstractConnector, Redis, type RedisOptions } from "ioredis";
import type { RedisHost } from "./url.js";

/** How long a node may take to answer which node has which slots, in ms. */
const askTimeout = 2_000;

/**
 * Makes the class that ioredis takes as `Connector`: it connects to the master of a key's slot.
 * @param seeds nodes that are asked first where the slot is; the nodes that they name are asked later too
 */
export function slotConnector(
  seeds: readonly RedisHost[],
  key: string,
): NonNullable<RedisOptions["Connector"]> {
  const slot = keySlot(key);
  /** All nodes that were ever named, the last that answered first. */
  let known = [...seeds];

  const findMaster = async (options: RedisOptions): Promise<RedisHost> => {
    let lastError: unknown;
    for (const address of known) {
      try {
        const { master, all } = await askForSlot(slot, address, options);
        const added = all.filter((node) => !known.some((other) => isSame(other, node)));
        known = [address, ...known.filter((other) => !isSame(other, address)), ...added];
        return master;
      } catch (error) {
        lastError = error;
      }
    }
    throw lastError;
  };

  return class extends AbstractConnector {
    private readonly options: RedisOptions;

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? askTimeout);
      this.options = options as RedisOptions;
    }

    /** Connects to the slot's master. @throws the error of the last node that was asked */
    override async connect(): Promise<Socket | TLSSocket> {
      this.connecting = true;
      const address = await findMaster(this.options);
      // `disconnect` was called meanwhile.
      if (!this.connecting) throw new Error("Connection is closed.");
      const { tls } = this.options;
      this.stream = tls === undefined ? createConnection(address) : connectTls({ ...address, ...tls });
      this.stream.once("error", (error: Error) => {
        this.firstError = error;
      });
      return this.stream;
    }
  };
}

/** Asks a node where a slot is (Redis, CLUSTER SLOTS). @returns the slot's master, and all nodes of the cluster */
async function askForSlot(
  slot: number,
  address: RedisHost,
  { username, password, tls }: RedisOptions,
): Promise<{ readonly master: RedisHost; readonly all: readonly RedisHost[] }> {
  const node = new Redis({
    ...address,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: askTimeout,
    commandTimeout: askTimeout,
    enableReadyCheck: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  });
  let refused: Error | undefined;
  node.on("error", (error: Error) => {
    refused ??= error;
  });
  try {
    await node.connect();
    const ranges = (await node.cluster("SLOTS")) as Range[];
    // A node that does not know its own host name is reached under the one that it was asked by.
    const toAddress = ([host, port]: Node): RedisHost => ({ host: host || address.host, port });
    const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
    if (master === undefined) {
      throw new Error(`CLUSTERDOWN ${address.host}:${address.port} knows of no node for the slot ${slot}`);
    }
    return { master: toAddress(master), all: ranges.flatMap(([, , ...nodes]) => nodes.map(toAddress)) };
  } catch (error) {
    throw refused ?? error;
  } finally {
    // Disconnecting what never connected would keep the process alive for ioredis's time-out.
    if (node.status !== "end") node.disconnect();
  }
}

/** A range of slots with its nodes, the master first. */
type Range = [first: number, last: number, ...nodes: Node[]];
type Node = [host: string | null, port: number, ...more: unknown[]];

function isSame(one: RedisHost, other: RedisHost): boolean {
  return one.host === other.host && one.port === other.port;
}
