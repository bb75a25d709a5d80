// stevedore inspect ID: what the graph knows of an image.
import type { Command } from "commander";
import { action } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";

export function declare(program: Command): void {
  program
    .command("inspect")
    .description(
      "show an image's record, its layer and its checksums with the line of shell that re-checks each",
    )
    .argument("<id>", imageArgument)
    .addHelpText(
      "after",
      "\nWith --json: the record, and its names as `names` if it has any.\n\nExample:\n  $ stevedore inspect 27cf --json | jq .created",
    )
    .action(
      action(async ({ config, print, warn }, _flags, reference: string) => {
        const { openGraph } = await import("../../../graph/index.js");
        const graph = await openGraph(config.root);
        const image = await graph.get(reference);
        const { readNames } = await import("../../../listing/index.js");
        const names = (await readNames(graph, warn)).get(image.id) ?? [];
        const document = names.length === 0 ? image.record : { ...image.record, names };
        print(document, await described(graph, image, names));
      }),
    );
}

async function described(
  graph: import("../../../graph/index.js").Graph,
  image: import("../../../graph/index.js").Image,
  names: readonly string[],
): Promise<string[]> {
  const { checkTar } = await import("../../../layer/index.js");
  const { recheckable } = await import("../../../listing/index.js");
  const { formatBytes, formatJson, formatText } = await import("../../terminal/index.js");
  const facts = await graph.layerFacts(image.id);
  const { leavesFieldsEmpty } = await checkTar();
  const checksums = await recheckable(graph, image, leavesFieldsEmpty);
  return [
    ...formatJson(image.record),
    "",
    ...(names.length === 0 ? [] : [`names      ${formatText(names.join(", "))}`]),
    `directory  ${image.directory}`,
    `layer      ${formatBytes(facts.layerBytes)} in ${facts.entries} entries, ${facts.whiteouts} of them whiteouts`,
    `diffID     ${facts.diffId ?? "not known: it did not come in as an archive"}`,
    ...(facts.lossless === undefined ? [] : [`lossless   ${facts.lossless ? "yes" : "no"}`]),
    ...Object.entries(checksums).flatMap(([recipe, { checksum, shellLine }]) => [
      "",
      `${recipe}  ${checksum}`,
      `  ${shellLine ?? "a recipe that this version does not know"}`,
    ]),
  ];
}
