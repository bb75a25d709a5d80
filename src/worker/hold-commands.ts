// Keeps BullMQ's commands of a worker until Redis takes them: while it is full or busy, no job is taken up, and none is lost.
import type { Worker } from "bullmq";
import { type OutageLog, untilTaken } from "../redis/index.js";

/** Lets a worker repeat what Redis refuses for now. */
export function holdCommands(worker: Worker, outages: OutageLog): void {
  const backend = worker.getBackend();
  const execute = backend.execCommand.bind(backend);
  backend.execCommand = (client: never, name: string, args: never) => {
    // These come again by themselves, as long as a job runs.
    if (name.startsWith("extendLock")) return execute(client, name, args);
    return untilTaken(() => execute(client, name, args), {
      isOver: () => worker.closing !== undefined && worker.closing !== null,
      refused: (error) => outages.takes(error),
    });
  };
}
