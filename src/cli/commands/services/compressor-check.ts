// A check of the compressors that help the workers of a graph: how many there are, and whether they belong together.
import { type Compressor, openProducer } from "../../../producer/index.js";
import { onOneLine } from "../../../terms/index.js";
import type { Config } from "../../config.js";
import type { Check } from "./finding.js";

/** Releases of xz whose makers have withdrawn them, for a backdoor (CVE-2024-3094). */
const withdrawn: readonly string[] = ["5.6.0", "5.6.1"];

/** None for the root's own Redis, which no other host reaches. */
export function compressorChecks({ redis, graph }: Config): Check[] {
  if (redis === undefined) return [];
  return [
    {
      name: "compressors",
      needed: false,
      async probe() {
        const producer = openProducer({ redis, graph });
        try {
          const [{ compressors }, workers] = await Promise.all([
            producer.compressors(),
            producer.workerStatuses(),
          ]);
          return judge(
            compressors,
            workers.map(({ version }) => version),
          );
        } catch (error) {
          // The check of the queue tells of it.
          if ((error as { code?: unknown }).code !== "QUEUE_UNAVAILABLE") throw error;
          return `not tried: ${(error as Error).message}`;
        } finally {
          await producer.close();
        }
      },
      fix: "upgrade or stop those compressors",
    },
  ];
}

/**
 * Engines and versions of liblzma may differ: each compressor has given the known answer before it serves, and all versions
 * make the same blocks.
 * @param workerVersions the versions of Stevedore that the graph's workers have
 * @throws what is wrong with them
 */
function judge(compressors: readonly Compressor[], workerVersions: readonly string[]): string {
  if (compressors.length === 0) return "none: workers compress alone";
  const wrong = [
    ...compressors.flatMap(({ host, refusal }) =>
      refusal === null ? [] : [`${host} is shut out: ${refusal}`],
    ),
    ...compressors.flatMap(({ host, engine }) =>
      withdrawn.includes(engine.version)
        ? [`${host} has liblzma ${engine.version}, which was withdrawn for a backdoor`]
        : [],
    ),
    ...compressors.flatMap(({ host, version }) =>
      workerVersions.length > 0 && !workerVersions.includes(version)
        ? [`${host} has Stevedore ${version}, the workers ${each(workerVersions)}`]
        : [],
    ),
  ];
  if (wrong.length > 0) throw new Error(onOneLine(wrong.join("; "), 500));
  const sum = (of: (compressor: Compressor) => number) =>
    compressors.reduce((all, compressor) => all + of(compressor), 0);
  const slots = `${sum((one) => one.slots.busy)} of ${sum((one) => one.slots.total)} slots busy`;
  const engines = each(compressors.map(({ engine }) => `${engine.name} ${engine.version}`));
  const versions = each(compressors.map(({ version }) => version));
  return onOneLine(`${compressors.length}, ${slots}, Stevedore ${versions}, ${engines}`, 500);
}

function each(names: readonly string[]): string {
  return [...new Set(names)].sort().join(" and ");
}
