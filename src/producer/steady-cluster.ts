// Makes ioredis's Cluster tell of its end once, after its last node's, as BullMQ expects when it reconnects one.
import type { EventEmitter } from "node:events";
import type { Cluster, Redis } from "ioredis";

/**
 * When a cluster is disconnected, ioredis 6 says that it is closed as often as a node has ended. What is said after it has
 * been connected again makes it forget to reconnect later, and to tell of its next end: BullMQ, which disconnects a
 * connection that was blocked for too long and waits for that end, would wait for ever. Here the nodes that have not
 * ended are counted. A copy of the cluster is made the same way.
 */
export function makeSteady(cluster: Cluster): Cluster {
  const { connectionPool: pool } = cluster as unknown as { readonly connectionPool: EventEmitter };
  const alive = new Set<Redis>();
  const note = (node: Redis) => {
    alive.add(node);
    node.prependOnceListener("end", () => alive.delete(node));
  };
  for (const node of cluster.nodes()) note(node);
  pool.on("+node", note);
  const emit = pool.emit.bind(pool);
  pool.emit = (event: string, ...args: unknown[]) =>
    event === "drain" && alive.size > 0 ? false : emit(event, ...args);

  const disconnect = cluster.disconnect.bind(cluster);
  cluster.disconnect = (reconnect?: boolean) => {
    disconnect(reconnect);
    if (cluster.status === "disconnecting" && alive.size === 0) emit("drain");
  };
  const connect = cluster.connect.bind(cluster);
  cluster.connect = async () => {
    // Whoever has disconnected it may wait for the end, and another connect it because it is not connected.
    if (cluster.status === "disconnecting")
      await new Promise<void>((resolve) => cluster.once("end", resolve));
    return connect();
  };
  const duplicate = cluster.duplicate.bind(cluster);
  cluster.duplicate = (...args: Parameters<Cluster["duplicate"]>) => makeSteady(duplicate(...args));
  return cluster;
}
