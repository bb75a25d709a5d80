// The flag `--log-format` of the commands that serve: text for people, or JSON for machines.
import { type Command, InvalidArgumentError, Option } from "commander";

export type LogFormat = "text" | "json";

/** Adds the flag; `action` heeds it. */
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
  // An empty environment variable counts as unset.
  if (format === "") return "text";
  if (format !== "text" && format !== "json") throw new InvalidArgumentError("It takes text or json.");
  return format;
}
