// What can stand where: the kind of each argument, and of each flag's value.
import type { Command, Option } from "commander";

/** What completes a word. `new`: nothing can, it is the user's to say. */
export type Kind =
  | "image"
  | "name"
  | "mount"
  | "job"
  | "schedule"
  | "queue"
  | "registry"
  | "recipe"
  | "jobName"
  | "scheduledJob"
  | "code"
  | "command"
  | "file"
  | "directory"
  | "new";

/** The arguments of each command in their order; the last one counts for all that follow it. */
const argumentsOf: Readonly<Record<string, readonly Kind[]>> = {
  store: ["file"],
  import: ["file"],
  export: ["image"],
  history: ["image"],
  inspect: ["image"],
  tag: ["image", "name"],
  untag: ["name"],
  rm: ["image"],
  ls: ["image", "new"],
  cat: ["image", "new"],
  diff: ["image"],
  waste: ["image"],
  pull: ["new"],
  push: ["image", "name"],
  login: ["registry"],
  logout: ["registry"],
  checksum: ["image"],
  verify: ["image"],
  mount: ["image", "directory"],
  unmount: ["mount"],
  changes: ["mount"],
  commit: ["mount"],
  job: ["job"],
  cancel: ["job"],
  retry: ["job"],
  remove: ["job"],
  pause: ["queue"],
  resume: ["queue"],
  schedule: ["scheduledJob", "image"],
  unschedule: ["schedule"],
  help: ["command"],
};

/** By the word that stands for a flag's value in its help. */
const valuesOf: Readonly<Record<string, Kind>> = {
  dir: "directory",
  file: "file",
  image: "image",
  recipe: "recipe",
  job: "jobName",
  queue: "queue",
  code: "code",
};

/** The kind of a command's argument at that place, from 0; undefined if nobody has said it. */
export function argumentKind(command: string, place: number): Kind | undefined {
  const kinds = argumentsOf[command];
  return kinds?.[place] ?? kinds?.at(-1);
}

/** The kind of a flag's value. */
export function valueKind({ long, flags }: Option): Kind {
  if (long === "--parent") return "image";
  const word = /[<[]([a-z]+)[\]>]/.exec(flags)?.[1] ?? "";
  return valuesOf[word] ?? "new";
}

/** Whether a command takes more arguments than stand there already. */
export function takesArgument({ registeredArguments }: Command, place: number): boolean {
  return place < registeredArguments.length || registeredArguments.at(-1)?.variadic === true;
}
