// The flag by which a command that serves others tells of what happens in lines for people, or in JSON for machines.
import { type Command, InvalidArgumentError, Option } from "commander";

export type LogFormat = "text" | "json";

/** Declares it; `action` writes the stderr of a command that has it so. */
export function addLogFlag(command: Command): Command {
  return command.addOption(
    new Option(
      "--log-format <format>",
      "how stderr tells of what happens: text, or json for an object a line",
    )
      .env("STEVEDORE_LOG_FORMAT")
      .default("text" satisfies LogFormat)
      .argParser(parseFormat),
  );
}

function parseFormat(format: string): LogFormat {
  // A variable that is empty counts as unset.
  if (format === "") return "text";
  if (format !== "text" && format !== "json") throw new InvalidArgumentError("It takes text or json.");
  return format;
}
