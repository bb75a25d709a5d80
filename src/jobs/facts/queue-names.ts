// What queues are called: one that all hosts of a graph share, or a host's own, `queue@host`.

/** The queues, apart because each waits for something else: the disk, the CPU, or next to nothing. */
export const queueNames = ["store", "checksum", "mount"] as const;
export type QueueName = (typeof queueNames)[number];

/** The name of a host's own queue, such as `mount@web-1`. */
export function hostQueueName<Queue extends QueueName>(queue: Queue, host: string): `${Queue}@${string}` {
  return `${queue}@${host}`;
}

/** Takes the name of a queue apart; `host` is undefined for one that all hosts share. */
export function splitQueueName(name: string): {
  readonly queue: QueueName;
  readonly host: string | undefined;
} {
  // No host's name has an @.
  const [queue, host] = name.split("@", 2);
  return { queue: queue as QueueName, host };
}
