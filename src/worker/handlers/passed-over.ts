// What an import or a pull passed over, as far as a result lists it.
import type { Imported } from "../../interchange/index.js";
import { type JobResult, listedSkipped } from "../../jobs/index.js";

/** The fields of the result: none where nothing was passed over. */
export function passedOver(
  skipped: Imported["skipped"],
): Pick<JobResult<"import">, "skipped" | "skippedMore"> {
  if (skipped.length === 0) return {};
  const more = skipped.length - listedSkipped;
  return {
    skipped: skipped.slice(0, listedSkipped).map(({ artifactType, ...rest }) => ({
      ...rest,
      ...(artifactType === undefined ? {} : { artifactType }),
    })),
    ...(more > 0 ? { skippedMore: more } : {}),
  };
}
