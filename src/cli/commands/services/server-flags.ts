// The flags that configure an HTTP server, and the options that they become.
import { type Command, InvalidArgumentError } from "commander";
import type { ServerOptions } from "../../../server/index.js";
import {
  defaultListenAddress,
  type ListenAddress,
  parseListenAddress,
  readTokenFile,
  tokensOfEnvironment,
} from "../../../server/index.js";
import { several, wholeNumber } from "../../run-command.js";

export interface ServerFlags {
  readonly listen?: ListenAddress;
  readonly tokenFile?: string;
  readonly trustProxy?: string[];
  readonly maxUploadBytes?: number;
  readonly rateLimit?: number;
}

export function addServerFlags(command: Command): Command {
  const { host, port } = defaultListenAddress;
  return command
    .option(
      "--listen <[host:]port>",
      `where the HTTP API and the dashboard are (default: ${host}:${port})`,
      listenAddress,
    )
    .option(
      "--token-file <file>",
      'the tokens that are accepted, a line "TOKEN" or "read TOKEN" each; besides $STEVEDORE_TOKEN and $STEVEDORE_READ_TOKEN',
    )
    .option(
      "--trust-proxy <address>",
      "believe the X-Forwarded-* headers of a proxy at this address or network; repeatable",
      several,
    )
    .option("--max-upload-bytes <n>", "refuse an upload of more bytes (default: 64 GiB)", wholeNumber(1))
    .option("--rate-limit <n>", "requests per minute that a client may make (default: 6000)", wholeNumber(1));
}

/**
 * The server options of the flags and the environment.
 * @throws `INVALID_OPTION` for a token that is not valid
 */
export function serverOptions(
  flags: ServerFlags,
  environment: NodeJS.ProcessEnv = process.env,
): Pick<ServerOptions, "tokens" | "trustedProxies" | "maxUploadBytes" | "requestsPerMinute"> {
  return {
    tokens: [
      ...tokensOfEnvironment(environment),
      ...(flags.tokenFile === undefined ? [] : readTokenFile(flags.tokenFile)),
    ],
    trustedProxies: flags.trustProxy,
    maxUploadBytes: flags.maxUploadBytes,
    requestsPerMinute: flags.rateLimit,
  };
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text);
  if (address === undefined) throw new InvalidArgumentError("It takes a port, or HOST:PORT.");
  return address;
}
