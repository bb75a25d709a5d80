// Prints the images that an import or a pull brought into the graph, and tells what else came of it.
import type { JobResult } from "../../jobs/index.js";
import type { CommandContext } from "../run-command.js";

type Added = JobResult<"import"> | JobResult<"pull">;

/** Prints a line for each image; names that moved, and what was passed over, are told on stderr. */
export function printAdded(context: CommandContext, result: Added): void {
  for (const { name, previous } of result.moved) context.tell(`${name} was the name of ${previous}`);
  for (const line of skippedLines(result)) context.tell(line);
  context.print(result, result.images.map(lineOf));
}

/** How many things that were passed over are told of, one a line. */
const shownSkipped = 10;

function skippedLines({ skipped = [], skippedMore = 0 }: Added): string[] {
  const lines = skipped
    .slice(0, shownSkipped)
    .map(
      ({ digest, artifactType, mediaType, reason }) =>
        `passed over ${digest} (${artifactType ?? mediaType}): ${whys[reason]}`,
    );
  const more = skipped.length - lines.length + skippedMore;
  return more === 0 ? lines : [...lines, `passed over ${more} more`];
}

const whys = {
  attestation: "it tells how an image was built",
  artifact: "it is not an image",
  "unknown-type": "its media type is not known",
  absent: "it is not in the source",
} as const satisfies Record<NonNullable<Added["skipped"]>[number]["reason"], string>;

function lineOf({ id, names }: Added["images"][number]): string {
  return [id, ...names].join("  ");
}
