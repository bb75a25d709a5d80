// stevedore checksum ID… | --all: the fingerprint of images, the stored one where there is one.
import type { Command } from "commander";
import { assertRecipe, defaultRecipe, recipeNames } from "../../../terms/index.js";
import { action, type CommandContext } from "../../run-command.js";
import { addImageFlags, type ImageFlags, runForImages, tellFailed } from "./jobs-of-images.js";

interface ChecksumFlags extends ImageFlags {
  readonly recipe?: string;
  readonly force?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("checksum")
    .description("compute the checksums of images, or return the stored ones");
  addImageFlags(command, (own) =>
    own
      .option(
        "--recipe <recipe>",
        `how the layer becomes bytes: ${recipeNames.join(", ")} (default: ${defaultRecipe})`,
      )
      .option("--force", "compute it even if one is stored"),
  )
    .addHelpText(
      "after",
      `
Anyone can check the result in the image's directory (stevedore inspect ID prints the line for its path):
  { cat json; echo; tar … | xz …; } | sha256sum

Examples:
  $ stevedore checksum 27cf
  $ stevedore checksum --all --root /var/lib/docker --json`,
    )
    .action(action<ChecksumFlags>(checksum));
}

async function checksum(
  context: CommandContext,
  { recipe, force, ...flags }: ChecksumFlags,
  references: string[],
): Promise<void> {
  const done = await runForImages(context, "checksum", flags, references, {
    ...(recipe === undefined ? {} : { recipe: assertRecipe(recipe) }),
    ...(force ? { force: true } : {}),
  });
  if (done === undefined) return;
  const { results: checksums, failed } = done;
  context.print(
    { checksums, failed },
    checksums.map((result) => `${result.checksum}  ${result.id}`),
  );
  tellFailed(failed, context);
}
