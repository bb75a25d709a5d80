// The flags that say by what rules a worker deals with registries, and where the credentials of a user are.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import {
  defaultLimits,
  defaultRegistryConcurrency,
  parseRegistryHost,
  parseRegistryMirror,
} from "../worker/index.js";
import type { OwnWorkerOptions } from "./embedded/index.js";
import { several, wholeNumber } from "./run-command.js";

/** For commands whose own worker pulls or pushes. */
export interface RegistryFlags {
  readonly registryAuth?: string;
  readonly registryCa?: string;
  readonly registryInsecure?: string[];
  readonly registryMirror?: string[];
  readonly registryConcurrency?: number;
  readonly allowPrivateAddresses?: boolean;
}

/** For workers that serve others. */
export interface AllowRegistryFlag {
  readonly allowRegistry?: string[];
}

export function addRegistryFlags(command: Command): Command {
  return command
    .option(
      "--registry-auth <file>",
      "the credentials of registries: a config.json of Docker, as stevedore login writes it",
    )
    .option(
      "--registry-ca <file>",
      "certificates in PEM that are trusted for registries besides the system's",
    )
    .option(
      "--registry-insecure <host>",
      "ask this registry by plain HTTP, host or host:port; repeatable",
      severalRegistries,
    )
    .option(
      "--registry-mirror <host=url>",
      "pull from this URL first what is asked of the host, such as docker.io=https://mirror.example; repeatable",
      severalMirrors,
    )
    .option(
      "--registry-concurrency <n>",
      `layers of an image that are fetched or sent at a time (default: ${defaultRegistryConcurrency})`,
      wholeNumber(1, 64),
    );
}

export function addAllowRegistryFlag(command: Command): Command {
  return command.option(
    "--allow-registry <host>",
    "let jobs pull from and push to this registry, host or host:port; repeatable",
    severalRegistries,
  );
}

/** Adds the flag for what a registry leads to: token servers, and where blobs are. */
export function addPrivateAddressesFlag(command: Command): Command {
  return command.option(
    "--allow-private-addresses",
    "let what the registry leads to have a private or loopback address",
  );
}

/** How long a registry may be waited for, for commands that pull and push by a worker of their own. */
export interface DownloadFlags {
  readonly downloadTime?: number;
  readonly downloadSilence?: number;
  readonly downloadResumes?: number;
}

export function addDownloadFlags(command: Command): Command {
  return command
    .option(
      "--download-time <seconds>",
      `how long a URL's server may be waited for in all (default: ${defaultLimits.downloadMs / 1_000})`,
      wholeNumber(1),
    )
    .option(
      "--download-silence <seconds>",
      `how long it may be silent (default: ${defaultLimits.downloadSilenceMs / 1_000})`,
      wholeNumber(1),
    )
    .option(
      "--download-resumes <n>",
      `how often a download that breaks is taken up again (default: ${defaultLimits.downloadResumes})`,
      wholeNumber(0),
    );
}

/** The worker options of the flags. */
export function registryOptions(flags: RegistryFlags & AllowRegistryFlag): OwnWorkerOptions {
  const { registryAuth, registryCa } = flags;
  return {
    allowedRegistries: flags.allowRegistry,
    insecureRegistries: flags.registryInsecure,
    registryMirrors: flags.registryMirror,
    registryAuthFile: registryAuth === undefined ? undefined : resolve(registryAuth),
    registryCaFile: registryCa === undefined ? undefined : resolve(registryCa),
    registryConcurrency: flags.registryConcurrency,
  };
}

/**
 * Where the credentials of whoever runs a command are, there or not: `--registry-auth`, `$REGISTRY_AUTH_FILE`, `config.json`
 * in `$DOCKER_CONFIG` or `~/.docker`. For what a user does by his own hand: a worker that serves others gets only the flag's.
 */
export function ownAuthFile(
  { registryAuth }: Pick<RegistryFlags, "registryAuth">,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { REGISTRY_AUTH_FILE: file = "", DOCKER_CONFIG: directory = "" } = environment;
  if (registryAuth !== undefined) return resolve(registryAuth);
  if (file !== "") return resolve(file);
  return join(directory === "" ? join(homedir(), ".docker") : resolve(directory), "config.json");
}

function severalRegistries(host: string, earlier: readonly string[] | undefined): string[] {
  try {
    parseRegistryHost(host);
  } catch {
    throw new InvalidArgumentError("Name a registry as host or host:port.");
  }
  return several(host, earlier);
}

function severalMirrors(mirror: string, earlier: readonly string[] | undefined): string[] {
  try {
    parseRegistryMirror(mirror);
  } catch {
    throw new InvalidArgumentError("It takes HOST=URL, such as docker.io=https://mirror.example:5000.");
  }
  return several(mirror, earlier);
}
