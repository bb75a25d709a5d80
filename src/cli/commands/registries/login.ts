// stevedore login HOST: keeps a user's credentials for a registry where pull, push and workers find them.
import type { Command } from "commander";
import { ownAuthFile, type RegistryFlags } from "../../registry-flags.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";

interface LoginFlags extends Pick<RegistryFlags, "registryAuth"> {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

/** What a registry's header can hold is much less. */
const longestPassword = 64 * 1024;

export function declare(program: Command): void {
  program
    .command("login")
    .description("keep credentials for a registry, for pull, push and --registry-auth; they are not tried")
    .argument("[host]", "the registry, as references name it (default: docker.io)")
    .option("-u, --username <user>", "the user (default: it is asked for)")
    .option("--password-stdin", "read the password from stdin (default: it is asked for on the terminal)")
    .option(
      "--registry-auth <file>",
      "where to (default: $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json or ~/.docker/config.json)",
    )
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore login registry.example:5000 -u alice
  $ stevedore login -u alice --password-stdin --registry-auth /etc/stevedore/registries.json < password.txt`,
    )
    .action(action<LoginFlags>(login));
}

async function login(context: CommandContext, flags: LoginFlags, given = "docker.io"): Promise<void> {
  const { registryHost, storeCredentials } = await import("./docker-config.js");
  const host = registryHost(given);
  const { user, password } = await readCredentials(context, flags, host);
  if (user === "" || /[:\p{Cc}]/u.test(user)) throw wrongUsage("a user's name has a letter, and no colon");
  if (password === "") throw wrongUsage("the password is empty");
  const file = ownAuthFile(flags);
  await storeCredentials(file, host, { user, password });
  context.print({ host, user, file }, [`${host}: the credentials of ${user} are in ${file}`]);
}

/** Never from a flag: whoever lists processes would read it. */
async function readCredentials(
  { signal }: CommandContext,
  { username, passwordStdin = false }: LoginFlags,
  host: string,
): Promise<{ readonly user: string; readonly password: string }> {
  if (passwordStdin) {
    if (username === undefined) throw wrongUsage("--password-stdin takes --username");
    return { user: username, password: await passwordOfStdin() };
  }
  const { stdin } = process;
  if (!stdin.isTTY) throw wrongUsage("there is no terminal to ask on: use --username and --password-stdin");
  const { ask, askPassword } = await import("../../asking/index.js");
  const user = username ?? (await ask(`user for ${host}: `, signal)).trim();
  return { user, password: await askPassword(`password of ${user} for ${host}: `, stdin, signal) };
}

/** All of stdin but one line end. */
async function passwordOfStdin(): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestPassword) throw wrongUsage(`the password has more than ${longestPassword} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
