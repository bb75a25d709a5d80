// stevedore checksum ID… | --all | --check FILE: the fingerprint of images, the stored one where there is one; or a list of
// fingerprints held against them.
import type { Command } from "commander";
import { assertRecipe, defaultRecipe, recipeNames } from "../../../terms/index.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";
import { addImageFlags, type ImageFlags, runForImages, tellFailed } from "./jobs-of-images.js";

interface ChecksumFlags extends ImageFlags {
  readonly recipe?: string;
  readonly force?: boolean;
  readonly check?: string;
  readonly strict?: boolean;
  readonly status?: boolean;
  readonly ignoreMissing?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("checksum")
    .description("compute the checksums of images, or return the stored ones; check a list of them");
  addImageFlags(command, (own) =>
    own
      .option(
        "--recipe <recipe>",
        `how the layer becomes bytes: ${recipeNames.join(", ")} (default: ${defaultRecipe})`,
      )
      .option("--force", "compute it even if one is stored")
      .option("--check <file>", "hold the lines that this command prints against this graph; - for stdin")
      .option("--strict", "with --check: fail for lines that are improperly formatted")
      .option("--status", "with --check: print nothing, the exit code tells")
      .option("--ignore-missing", "with --check: pass over images that this graph has not"),
  )
    .addHelpText(
      "after",
      `
Anyone can check the result in the image's directory (stevedore inspect ID prints the line for its path):
  { cat json; echo; tar … | xz …; } | sha256sum

--check is as sha256sum --check: for each line it prints the image and OK, FAILED or MISSING, with --quiet only what is
not OK, and ends with 1 unless all are OK. Lines tell no recipe: it is the one of --recipe, else any that a checksum is
stored by, else the default. The document of --json, which tells it, can be checked, too.
With --json: {checked: [{line, image, id?, status, expected, actual?, recipe?, code?, message?}], malformed: [line], ok,
failed, missing, unlisted}.

Examples:
  $ stevedore checksum 27cf
  $ stevedore checksum --all --root /var/lib/docker --json
  $ stevedore checksum --all | ssh other.example stevedore checksum --check -`,
    )
    .action(action<ChecksumFlags>(checksum));
}

async function checksum(
  context: CommandContext,
  { recipe, force, check, strict, status, ignoreMissing, ...flags }: ChecksumFlags,
  references: string[],
): Promise<void> {
  if (check !== undefined) {
    if (references.length > 0 || flags.all || flags.detach)
      throw wrongUsage("--check goes with neither ids nor --all nor --detach: the list names the images");
    if (status && context.json) throw wrongUsage("--status prints nothing: it does not go with --json");
    const { checkList } = await import("./check-list.js");
    return checkList(context, check, {
      ...flags,
      recipe: recipe === undefined ? undefined : assertRecipe(recipe),
      ...{ force: force === true, strict: strict === true, status: status === true },
      ignoreMissing: ignoreMissing === true,
    });
  }
  const given = Object.entries({ strict, status, "ignore-missing": ignoreMissing }).find(
    ([, value]) => value,
  );
  if (given !== undefined) throw wrongUsage(`--${given[0]} goes with --check`);
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
