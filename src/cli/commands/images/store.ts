// stevedore store SOURCE: an archive, a directory or stdin becomes an image.

import { readFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { JobData } from "../../../jobs/index.js";
import { JobError } from "../../../jobs/index.js";
import { assertRecipe, defaultRecipe, recipeNames } from "../../../terms/index.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";
import { addLayerFlags, type LayerFlags } from "../../worker-flags.js";
import { imageArgument } from "../image-argument.js";
import { archiveCompressions } from "./archive-argument.js";
import { runSourceJob } from "./source-job.js";

interface StoreFlags extends LayerFlags {
  readonly id?: string;
  readonly parent?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly created?: string;
  readonly jsonFile?: string;
  readonly ifExists?: "fail" | "skip";
  readonly name?: string;
  readonly checksum?: string;
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  const command = program
    .command("store")
    .description("store an archive as an image and print its id")
    .argument("<source>", `an archive (tar, plain or ${archiveCompressions}), a directory, or - for stdin`)
    .option("--id <id>", "the image's id (default: 64 random hex characters)")
    .option("--parent <id>", `the image it builds on: ${imageArgument}`)
    .option("--comment <text>", "a comment for the record")
    .option("--author <text>", "an author for the record")
    .option("--created <time>", "the record's time, RFC 3339 (default: now)")
    .option("--json-file <file>", "take the whole record from this file, byte for byte")
    .addOption(
      new Option("--if-exists <what>", "what to do about an id that is taken (default: fail)").choices([
        "fail",
        "skip",
      ]),
    )
    .option("--name <name>", "a name for the image, set together with it; another image that had it loses it")
    .option("--checksum <recipe>", `also compute a checksum: ${recipeNames.join(", ")}`)
    .option("--detach", "print the job's id and return")
    .addOption(priorityOption)
    .addOption(delayOption);
  addLayerFlags(command)
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore store debian.tar.xz --id base --name debian:12 --checksum ${defaultRecipe}
  $ docker export web | stevedore store - --comment "as it ran on Friday"`,
    )
    .action(action<StoreFlags>(store));
}

async function store(context: CommandContext, flags: StoreFlags, source: string): Promise<void> {
  const data = await imageData(flags);
  await runSourceJob(context, flags, source, {
    name: "store",
    dataFor: (upload) => ({ ...data, layer: { upload } }),
    async show(result, session) {
      const { checksumStored, tellMoved } = await import("../stored-image.js");
      tellMoved(result, context);
      context.print(await checksumStored(session, result, flags.checksum, context), [result.id]);
    },
  });
}

/** The job's data but for the layer. */
async function imageData(flags: StoreFlags): Promise<Omit<JobData<"store">, "layer">> {
  const { id, parent, comment, author, created, jsonFile, ifExists, name, checksum } = flags;
  const options = {
    ...(ifExists === undefined ? {} : { ifExists }),
    ...(name === undefined ? {} : { name }),
    ...(checksum === undefined ? {} : { checksum: assertRecipe(checksum) }),
  };
  const image = Object.fromEntries(
    Object.entries({ id, parent, comment, author, created }).filter(([, value]) => value !== undefined),
  );
  if (jsonFile === undefined) return { ...options, ...(Object.keys(image).length === 0 ? {} : { image }) };
  if (Object.keys(image).length > 0) {
    throw wrongUsage(`--json-file is the whole record: leave out --${Object.keys(image).join(", --")}`);
  }
  return { ...options, json: await readRecord(jsonFile) };
}

async function readRecord(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new JobError("SOURCE_NOT_FOUND", `--json-file ${path}: ${error.message}`);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new JobError("INVALID_JOB", `--json-file ${path} is not UTF-8`, { cause: error });
  }
}
