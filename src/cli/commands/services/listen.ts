// Starts the HTTP server of a command, on the usual port or, if that is taken and the command allows it, on any free one.
import type { RunningServer, ServerOptions } from "../../../server/index.js";
import { defaultListenAddress, tokenFileWarning } from "../../../server/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { CommandContext } from "../../run-command.js";
import { type ServerFlags, serverOptions } from "./server-flags.js";

/**
 * Listens where the flags say, else on the usual port.
 * @param besideWorker whether a worker runs in this process: any free port will do if the usual one is taken
 * @throws as `startServer`; `INVALID_OPTION` for a token that is not valid
 */
export async function listen(
  { config, tell }: CommandContext,
  flags: ServerFlags,
  redis: string,
  besideWorker: boolean,
): Promise<RunningServer> {
  const { root, graph } = config;
  const options: ServerOptions = {
    ...serverOptions(flags),
    redis,
    graph,
    root,
    log: tell,
    logsOutages: !besideWorker,
  };
  const { startServer } = await import("../../../server/index.js");
  if (options.tokens?.length === 0) tell("no token is set: every user of this host may use the HTTP server");
  const warning = flags.tokenFile === undefined ? undefined : tokenFileWarning(flags.tokenFile);
  if (warning !== undefined) tell(warning);
  if (flags.listen !== undefined) return startServer({ ...options, listen: flags.listen });
  try {
    return await startServer({ ...options, listen: defaultListenAddress });
  } catch (error) {
    if (!besideWorker || !isTaken(error)) throw error;
    return startServer(options);
  }
}

function isTaken(error: unknown): boolean {
  const { cause } = error as { readonly cause?: NodeJS.ErrnoException };
  return error instanceof StevedoreError && cause?.code === "EADDRINUSE";
}
