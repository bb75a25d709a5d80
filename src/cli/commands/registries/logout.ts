// stevedore logout HOST: forgets a user's credentials for a registry.
import type { Command } from "commander";
import { ownAuthFile, type RegistryFlags } from "../../registry-flags.js";
import { action, type CommandContext } from "../../run-command.js";

type LogoutFlags = Pick<RegistryFlags, "registryAuth">;

export function declare(program: Command): void {
  program
    .command("logout")
    .description("forget the credentials for a registry")
    .argument("[host]", "the registry, as references name it (default: docker.io)")
    .option(
      "--registry-auth <file>",
      "where from (default: $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json or ~/.docker/config.json)",
    )
    .addHelpText("after", "\nExample:\n  $ stevedore logout registry.example:5000")
    .action(action<LogoutFlags>(logout));
}

async function logout(context: CommandContext, flags: LogoutFlags, given = "docker.io"): Promise<void> {
  const { registryHost, removeCredentials } = await import("./docker-config.js");
  const host = registryHost(given);
  const file = ownAuthFile(flags);
  const removed = await removeCredentials(file, host);
  context.print({ host, file, removed }, [
    removed
      ? `${host}: the credentials are gone from ${file}`
      : `${host}: there were no credentials in ${file}`,
  ]);
}
