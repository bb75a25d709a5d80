// The environment variables that the command line reads: what the help and the man page tell of them.

/** By name. Flags win over them, and an empty one counts as unset. */
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
  DOCKER_CONFIG: "the directory of Docker's config.json, where REGISTRY_AUTH_FILE is not set",
};
