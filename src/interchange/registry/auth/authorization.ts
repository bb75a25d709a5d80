// What a worker says of itself to one registry, for one repository: nothing, until it is challenged.
import { type DownloadLimits, forbidden } from "../../../outbound/index.js";
import type { Authorization, Sender } from "../http/index.js";
import { type Challenge, parseChallenges } from "./challenges.js";
import type { Credentials } from "./docker-config.js";
import { basicHeader, fetchToken, type Token } from "./tokens.js";

interface AuthorizationOptions {
  readonly sender: Sender;
  /** The base of the registry's API. */
  readonly registry: URL;
  /** As references name it. */
  readonly host: string;
  readonly scopes: readonly string[];
  readonly limits: DownloadLimits;
  readonly retries: number;
  /** The credentials for the registry, looked for once. */
  credentials(): Promise<Credentials | undefined>;
}

/** Begins without a word. Whatever is asked at the same time waits for one token. */
export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { sender, registry, host } = options;
  let known: Token | undefined;
  let bearer: Challenge | undefined;
  let pending: Promise<boolean> | undefined;

  async function useToken(challenge: Challenge): Promise<boolean> {
    bearer = challenge;
    known = await fetchToken(sender, { ...options, challenge, credentials: await options.credentials() });
    return true;
  }

  async function usePassword(): Promise<boolean> {
    const credentials = await options.credentials();
    if (credentials === undefined || !("username" in credentials)) {
      const which = `it wants a user and a password, and --registry-auth has none for ${host}`;
      throw forbidden(registry, sender.kind, which);
    }
    known = { header: basicHeader(credentials), staleAt: Number.POSITIVE_INFINITY };
    return true;
  }

  const alone = (renewal: () => Promise<boolean>) => {
    pending ??= renewal().finally(() => {
      pending = undefined;
    });
    return pending;
  };

  return {
    async header() {
      const challenge = bearer;
      if (challenge !== undefined && known !== undefined && performance.now() > known.staleAt) {
        await alone(() => useToken(challenge));
      }
      return known?.header;
    },
    async renew(headers, used) {
      if (known !== undefined && known.header !== used) return true;
      const challenges = parseChallenges(headers);
      const forToken = challenges.find(
        ({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"),
      );
      if (forToken !== undefined) return alone(() => useToken(forToken));
      // A password that was refused is no better the next time.
      if (used !== undefined || !challenges.some(({ scheme }) => scheme === "basic")) return false;
      return alone(usePassword);
    },
  };
}
