// The flag --queue: which queue is meant, where an id or a list does not say.
import { queueNames, queuesOfHost } from "../../../jobs/index.js";
import type { Producer } from "../../../producer/index.js";
import { quote } from "../../../terms/index.js";
import { wrongUsage } from "../../run-command.js";

/** @throws `INVALID_OPTION` for a queue that the graph does not have */
export async function assertQueue(producer: Producer, queue: string | undefined): Promise<void> {
  if (queue === undefined) return;
  const names: readonly string[] = [...queueNames, ...(await producer.hosts()).flatMap(queuesOfHost)];
  if (!names.includes(queue)) {
    throw wrongUsage(`--queue ${quote(queue)}: there is no such queue; there are ${names.join(", ")}`);
  }
}
