// Every command by its name, and the module that declares it, loaded when the command is asked for.
import type { Command } from "commander";
import { checksumCommands } from "./checksums/index.js";
import { contentsCommands } from "./contents/index.js";
import { imageCommands } from "./images/index.js";
import { mountCommands } from "./mounts/index.js";
import { queueCommands } from "./queues/index.js";
import { registryCommands } from "./registries/index.js";
import { serviceCommands } from "./services/index.js";
import { shellCommands } from "./shell/index.js";

export { aliases, hints } from "./docker-words.js";
export { knownRegistries } from "./registries/index.js";

export interface CommandModule {
  /** Adds the command with its flags and its action to the program. */
  readonly declare: (program: Command) => void;
}

/** In the order of the help. */
export const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  ...serviceCommands,
  ...imageCommands,
  ...contentsCommands,
  ...registryCommands,
  ...checksumCommands,
  ...mountCommands,
  ...queueCommands,
  ...shellCommands,
};
