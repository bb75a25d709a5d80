// What the help and the manual page tell of the whole program, beside its commands and flags.
import { exitCodeMeanings, exitCodes } from "./run-command.js";

/** A line to type, and what it does. */
export const examples: readonly (readonly [string, string])[] = [
  ["stevedore store debian.tar.xz --id base", "store an archive as an image"],
  ["stevedore checksum --all --root /var/lib/docker", "fingerprint every image of a graph"],
  ["stevedore up", "serve the queue until Ctrl-C"],
];

/** The exit codes of all commands: each code, and what it says. */
export const exitCodeLines: readonly (readonly [string, string])[] = Object.entries(exitCodes).map(
  ([name, code]) => [String(code), exitCodeMeanings[name as keyof typeof exitCodes]],
);

/** The environment variables that are read, by name. Flags win over them, and an empty one counts as unset. */
export const environmentVariables: Readonly<Record<string, string>> = {
  STEVEDORE_ROOT: "the root, as --root",
  STEVEDORE_REDIS_URL: "the Redis of the queue, as --redis",
  REDIS_URL: "the same, where STEVEDORE_REDIS_URL is not set",
  STEVEDORE_GRAPH: "the name the graph is served under, as --graph",
  STEVEDORE_HOST: "what this host is called, as --host of worker",
  STEVEDORE_TOKEN: "a token that the HTTP server accepts",
  STEVEDORE_READ_TOKEN: "the same, for reading only",
  STEVEDORE_LOG_FORMAT: "the form of the log, as --log-format",
  STEVEDORE_TRACES: "1 for traces by OpenTelemetry, 0 for none",
  REGISTRY_AUTH_FILE: "the credentials for registries, as --registry-auth",
  NO_COLOR: "if it is not empty, nothing is coloured; FORCE_COLOR and CLICOLOR are heeded as well",
  DOCKER_CONFIG: "the directory of Docker's config.json, where REGISTRY_AUTH_FILE is not set",
};
