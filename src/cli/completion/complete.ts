// Answers the script in a shell what the last word of a command line may become. It reads, and neither writes nor starts
// anything.
import type { Command, Option } from "commander";
import type { Candidate } from "./candidate.js";
import { argumentKind, type Kind, takesArgument, valueKind } from "./kinds.js";
import { candidatesOf } from "./sources.js";
import { unquote } from "./unquote.js";

/** What may stand there: words, of which those count that begin as the word does, or names of files. */
interface Completions {
  readonly kind: "words" | "files" | "directories";
  readonly candidates: readonly Candidate[];
}

/** What the words before the last one say. */
interface Read {
  /** The command, under its name or an alias; undefined if there is none yet. */
  readonly command: Command | undefined;
  /** The option whose value the last word is. */
  readonly option: Option | undefined;
  /** How many arguments of the command stand there. */
  readonly place: number;
  /** Whether `--` was among them. */
  readonly isPastFlags: boolean;
  /** The values of the flags that say where the graph is. */
  readonly given: Readonly<Record<string, string>>;
}

const nothing: Completions = { kind: "words", candidates: [] };

/** The lines that the scripts read: the kind, then each word with a tab and what it is. */
export async function complete(program: Command, words: readonly string[]): Promise<string> {
  const { kind, candidates } = await completionsOf(program, words).catch(() => nothing);
  const line = ({ value, about }: Candidate) => [value, about.replace(/\s+/g, " ")].join("\t");
  return [kind, ...candidates.map(line)].map((text) => `${text}\n`).join("");
}

async function completionsOf(program: Command, words: readonly string[]): Promise<Completions> {
  const last = unquote(words.at(-1) ?? "");
  const read = readWords(program, words.slice(0, -1).map(unquote));
  const { command, option, place, isPastFlags } = read;
  if (option !== undefined) return ofValue(option, last, "", read);
  if (last.startsWith("-") && !isPastFlags) {
    const [, flag = "", value] = /^(--[^=]+)=(.*)$/s.exec(last) ?? [];
    if (flag === "") return { kind: "words", candidates: beginning(flagsOf(program, command), last) };
    const named = optionsOf(program, command).find(({ long }) => long === flag);
    return named === undefined || !takesValue(named)
      ? nothing
      : ofValue(named, value ?? "", `${flag}=`, read);
  }
  if (command === undefined) return { kind: "words", candidates: beginning(commandsOf(program), last) };
  if (command.name() === "help")
    return { kind: "words", candidates: place > 0 ? [] : beginning(commandsOf(program), last) };
  if (!takesArgument(command, place)) return nothing;
  const { registeredArguments } = command;
  const choices = (registeredArguments[place] ?? registeredArguments.at(-1))?.argChoices;
  if (choices !== undefined) return ofChoices(choices, last, "");
  return ofKind(argumentKind(command.name(), place) ?? "new", last, "", read);
}

/** Reads what stands before the last word, as the parser of the command line would. */
function readWords(program: Command, words: readonly string[]): Read {
  const visible = program.createHelp().visibleCommands(program);
  let command: Command | undefined;
  let option: Option | undefined;
  let place = 0;
  let isPastFlags = false;
  const given: Record<string, string> = {};
  for (const word of words) {
    if (option !== undefined) {
      given[option.attributeName()] = word;
      option = undefined;
    } else if (!isPastFlags && word === "--") isPastFlags = true;
    else if (!isPastFlags && word.startsWith("-")) {
      const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const named = optionsOf(program, command).find(({ long, short }) => long === flag || short === flag);
      if (named === undefined || !takesValue(named)) continue;
      if (value === undefined) option = named;
      else given[named.attributeName()] = value;
    } else if (command === undefined) {
      command = visible.find((one) => one.name() === word || one.aliases().includes(word));
      // Of a command that there is not nothing is known.
      if (command === undefined) return { command: program, option, place: 99, isPastFlags, given };
    } else place += 1;
  }
  return { command, option, place, isPastFlags, given };
}

async function ofValue(option: Option, last: string, prefix: string, read: Read): Promise<Completions> {
  if (option.argChoices !== undefined) return ofChoices(option.argChoices, last, prefix);
  return ofKind(valueKind(option), last, prefix, read);
}

async function ofKind(kind: Kind, last: string, prefix: string, read: Read): Promise<Completions> {
  if (kind === "file") return { kind: "files", candidates: [] };
  if (kind === "directory") return { kind: "directories", candidates: [] };
  // A mount has a path, too.
  if (kind === "mount" && /^[./]/.test(last)) return { kind: "directories", candidates: [] };
  const candidates = await candidatesOf(kind, last, { command: read.command?.name(), given: read.given });
  return { kind: "words", candidates: candidates.map((one) => ({ ...one, value: prefix + one.value })) };
}

function ofChoices(choices: readonly string[], last: string, prefix: string): Completions {
  const found = choices.filter((value) => value.startsWith(last));
  return { kind: "words", candidates: found.map((value) => ({ value: prefix + value, about: "" })) };
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** The flags of a command and those of all. */
function optionsOf(program: Command, command: Command | undefined): Option[] {
  const own = command === undefined || command === program ? [] : command.options;
  return [...own, ...program.options].filter(({ hidden }) => !hidden);
}

function flagsOf(program: Command, command: Command | undefined): Candidate[] {
  const flags = optionsOf(program, command).map(({ long, short, description }) => ({
    value: long ?? short ?? "",
    about: description,
  }));
  return [...flags, { value: "--help", about: "print this help" }];
}

/** The commands that the help shows, and their aliases. */
function commandsOf(program: Command): Candidate[] {
  const shown = program.createHelp().visibleCommands(program);
  return shown.flatMap((command) => [
    { value: command.name(), about: command.description() },
    ...command.aliases().map((value) => ({ value, about: `the same as ${command.name()}` })),
  ]);
}

function beginning(candidates: readonly Candidate[], text: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(text));
}
