// Keeps BullMQ's commands of a worker until Redis takes them: while it is full or busy, no job is taken up, and none is lost.
import type { Worker } from "bullmq";
import { untilTaken } from "../redis/index.js";
import type { Log } from "./log.js";

/** Lets a worker repeat what Redis refuses for now, and tell of it when that begins and when it ends. */
export function holdCommands(worker: Worker, log: Log): void {
  const { name: queue } = worker;
  const backend = worker.getBackend();
  const execute = backend.execCommand.bind(backend);
  /** How many commands wait. */
  let waiting = 0;
  backend.execCommand = (client: never, name: string, args: never) => {
    // These come again by themselves, as long as a job runs.
    if (name.startsWith("extendLock")) return execute(client, name, args);
    return untilTaken(() => execute(client, name, args), {
      isOver: () => worker.closing !== undefined && worker.closing !== null,
      refused({ message }) {
        if (waiting++ === 0) log(`${queue}: Redis refuses, waiting: ${message}`, { level: "error", queue });
      },
      taken() {
        if (--waiting === 0) log(`${queue}: Redis takes commands again`, { queue });
      },
    });
  };
}
