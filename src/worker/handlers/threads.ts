// The threads by which a job writes the layers of images: its part of what the worker has.
import type { JobName } from "../../jobs/index.js";
import type { JobTry, WorkerHost } from "./handler.js";

/** For `exportImages` and `pushImage`. */
export function threadsOf<Name extends JobName>(
  { urgency }: Pick<JobTry<Name>, "urgency">,
  { cpu, compressors }: Pick<WorkerHost, "cpu" | "compressors">,
) {
  return {
    threads: cpu.threads,
    take: (layerBytes: number, either: AbortSignal) =>
      cpu.takeSome({ urgency, remaining: () => layerBytes }, either),
    blocks: (layerBytes: number) => compressors.open({ layerBytes, urgency }),
  };
}
