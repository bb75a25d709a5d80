// Writes the manual page in the macros of man(7), from the program that also writes the help.
import type { Command, Option } from "commander";
import { rootEntries } from "../../../disk/index.js";
import { environmentVariables, examples, exitCodeLines } from "../../help-texts.js";

type Rows = readonly (readonly [string, string])[];

const programs: Rows = [
  ["sha256sum", "1"],
  ["tar", "1"],
  ["xz", "1"],
  ["mount", "8"],
  ["docker", "1"],
  ["skopeo", "1"],
  ["redis-server", "1"],
];

const about =
  "An image is a record and a layer of files, with at most one parent. The graph is the directory of all images. Commands that change it are jobs on a queue in Redis: one that is needed and not there is started for the command, and so is a worker. A result is printed on stdout, all else on stderr.";

/** @param program with all its commands */
export function manualPage(program: Command): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  const option = (one: Option) => entry(bold(one.flags), help.optionDescription(one));
  const section = (title: string, ...parts: readonly string[]) => [`.SH ${title}`, ...parts];
  return [
    `.TH STEVEDORE 1 "" "stevedore ${program.version()}" "User Commands"`,
    ...section("NAME", `stevedore \\- ${asText(startInLowerCase(program.description()).replace(/\.$/, ""))}`),
    ...section("SYNOPSIS", `.B stevedore`, asText("[options] command [arguments]")),
    ...section("DESCRIPTION", ...filled(about)),
    ...section("OPTIONS", ...program.options.map(option)),
    ...section(
      "COMMANDS",
      ...commands.flatMap((command) => [
        `.SS ${quoted([command.name(), ...command.aliases()].join(", "))}`,
        ...[".B stevedore", asText(`${command.name()} ${command.usage()}`), ".PP"],
        ...filled(`${startInUpperCase(command.description())}.`),
        ...help
          .visibleArguments(command)
          .map((one) => entry(italic(one.name()), help.argumentDescription(one))),
        ...help
          .visibleOptions(command)
          .filter(({ long }) => long !== "--help")
          .map(option),
        ...afterHelp(command),
      ]),
    ),
    ...section("EXIT STATUS", ...table(exitCodeLines)),
    ...section("ENVIRONMENT", ...table(Object.entries(environmentVariables))),
    ...section(
      "FILES",
      "Below the root:",
      ...table(Object.values(rootEntries).map(({ at, holds }) => [at, holds])),
      entry(bold("~/.docker/config.json"), "credentials for registries"),
    ),
    ...section(
      "EXAMPLES",
      ...examples.flatMap(([line, what], at) => [
        ...(at === 0 ? [] : [".PP"]),
        ...filled(`${startInUpperCase(what)}:`),
        ...verbatim([`$ ${line}`]),
      ]),
    ),
    ...section("SEE ALSO", programs.map(([name, volume]) => `.BR ${asText(name)} (${volume})`).join(" ,\n")),
    "",
  ].join("\n");
}

/** What the help of a command says at its end: paragraphs, and indented lines that stay as they are. */
function afterHelp(command: Command): string[] {
  let text = "";
  // Commander's types leave it out that a command is an emitter of events.
  (command as Command & Pick<NodeJS.EventEmitter, "emit">).emit("afterHelp", {
    error: false,
    command,
    write: (part: string) => {
      text += part;
    },
  });
  return text
    .trim()
    .split(/\n{2,}/)
    .filter((part) => part !== "")
    .flatMap((part) => {
      const lines = part.split("\n");
      const [prose, kept] = [
        lines.filter((line) => !line.startsWith(" ")),
        lines.filter((line) => line.startsWith(" ")),
      ];
      return [".PP", ...filled(prose.join(" ")), ...(kept.length === 0 ? [] : verbatim(kept))];
    });
}

function table(rows: Rows): string[] {
  return rows.map(([left, right]) => entry(bold(left), right));
}

/** An entry of a list, and what is told of it. */
function entry(head: string, text: string): string {
  return [".TP", head, ...filled(text)].join("\n");
}

function filled(text: string): string[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < widest) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(asText);
}

/** How long a line of the source may be. */
const widest = 72;

function verbatim(lines: readonly string[]): string[] {
  return [".PP", ".in +4n", ".nf", ...lines.map((line) => asText(line.trim())), ".fi", ".in"];
}

function bold(text: string): string {
  return `.B ${quoted(text)}`;
}

function italic(text: string): string {
  return `.I ${quoted(text)}`;
}

/** One argument of a macro. */
function quoted(text: string): string {
  return `"${asText(text).replaceAll('"', "\\(dq")}"`;
}

/** Text that is not taken for a macro, an escape, or a hyphen that could be copied as something else. */
function asText(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "...")
    .replaceAll("~", "\\(ti")
    .replaceAll("^", "\\(ha")
    .replaceAll("`", "\\(ga")
    .replaceAll("'", "\\(aq");
  return /^[.]/.test(escaped) ? `\\&${escaped}` : escaped;
}

function startInUpperCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function startInLowerCase(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
