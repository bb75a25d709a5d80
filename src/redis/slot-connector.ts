// Reaches the one node of a Redis Cluster that has a graph: all keys of a graph lie in one slot, so that a plain
// connection serves, which asks the cluster anew for the slot's master each time it has to be made.
import { createConnection, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import keySlot from "cluster-key-slot";
import { AbstractConnector, Redis, type RedisOptions } from "ioredis";
import type { RedisHost } from "./url.js";

/** How long a node may take to tell of the slots, in ms. */
const askTimeout = 2_000;

/**
 * What ioredis takes as `Connector`.
 * @param seeds nodes that are asked first; those that they tell of are asked later too
 * @param key in the slot that is meant
 */
export function slotConnector(
  seeds: readonly RedisHost[],
  key: string,
): NonNullable<RedisOptions["Connector"]> {
  const slot = keySlot(key);
  /** All that were ever heard of, the last that answered first. */
  let known = [...seeds];

  const findMaster = async (options: RedisOptions): Promise<RedisHost> => {
    let complaint: unknown;
    for (const address of known) {
      try {
        const { master, all } = await askForSlot(slot, address, options);
        const heard = all.filter((node) => !known.some((other) => isSame(other, node)));
        known = [address, ...known.filter((other) => !isSame(other, address)), ...heard];
        return master;
      } catch (error) {
        complaint = error;
      }
    }
    throw complaint;
  };

  return class extends AbstractConnector {
    private readonly options: RedisOptions;

    constructor(options: unknown) {
      super((options as RedisOptions).disconnectTimeout ?? askTimeout);
      this.options = options as RedisOptions;
    }

    /** Connects to the slot's master. @throws what the last node that was asked complains of */
    override async connect(): Promise<Socket | TLSSocket> {
      this.connecting = true;
      const address = await findMaster(this.options);
      // It was disconnected meanwhile.
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

/** What a node tells of a slot (Redis, CLUSTER SLOTS): its master, and who else there is. */
async function askForSlot(
  slot: number,
  address: RedisHost,
  { username, password, tls }: RedisOptions,
): Promise<{ readonly master: RedisHost; readonly all: readonly RedisHost[] }> {
  const options = {
    ...{ ...address, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 },
    ...{ connectTimeout: askTimeout, commandTimeout: askTimeout, enableReadyCheck: false },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
  const node = new Redis(options);
  let refused: Error | undefined;
  node.on("error", (error: Error) => {
    refused ??= error;
  });
  try {
    await node.connect();
    const ranges = (await node.cluster("SLOTS")) as Range[];
    // A node that does not know how it is reached is reached as it was asked.
    const toAddress = ([host, port]: Node): RedisHost => ({ host: host || address.host, port });
    const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
    if (master === undefined) {
      throw new Error(`CLUSTERDOWN ${address.host}:${address.port} knows no node of the slot ${slot}`);
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
