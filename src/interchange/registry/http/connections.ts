// The connections of a worker to registries and to where those send it. The addresses are judged by the look-up that a
// connection uses: a second one could give others. No proxy of the environment is heeded, nor a switch that turns off the
// check of certificates.
import { readFileSync } from "node:fs";
import { createSecureContext, rootCertificates } from "node:tls";
import type { Agent, Dispatcher, Pool } from "undici";
import { checkedLookup, forbidden, isPrivateAddress, literalAddress } from "../../../outbound/index.js";
import { StevedoreError } from "../../../terms/index.js";
import { errnoOf } from "./failures.js";
import { pulling } from "./kinds.js";

/** How long a connection may take to be made, in ms. */
const connectMs = 30_000;

/** The connections of a worker to registries. */
export interface Connections {
  /** What sends requests over them. */
  dispatcher(): Promise<Dispatcher>;
  /** Ends them all, with what is under way. */
  close(): Promise<void>;
}

/**
 * Makes the connections that all requests share. undici is loaded with the first one: it takes a tenth of a second, which
 * who has nothing to do with registries should not wait for.
 * @param caFile certificates that are trusted beside Node's own
 * @param mayBePrivate whether a host may have a private address
 * @throws `INVALID_OPTION` if the certificates cannot be read
 */
export function openConnections(
  caFile: string | undefined,
  mayBePrivate: (origin: URL) => boolean,
): Connections {
  const trust = caFile === undefined ? {} : { secureContext: contextOf(caFile) };
  let agent: Promise<Agent> | undefined;
  return {
    dispatcher() {
      agent ??= createAgent();
      return agent;
    },
    async close() {
      await (await agent)?.destroy();
    },
  };

  async function createAgent(): Promise<Agent> {
    const undici = await import("undici");
    return new undici.Agent({
      factory: (origin, options) => {
        const url = new URL(origin);
        const connect = undici.buildConnector({
          ...trust,
          rejectUnauthorized: true,
          timeout: connectMs,
          autoSelectFamily: true,
          lookup: checkedLookup((address) => assertAllowed(address, url)),
        });
        return new undici.Pool(origin, {
          ...(options as Pool.Options),
          connect(target, callback) {
            try {
              const literal = literalAddress(url);
              if (literal !== undefined) assertAllowed(literal, url);
            } catch (error) {
              callback(error as Error, null);
              return;
            }
            connect(target, callback);
          },
        });
      },
      // Whoever waits has limits of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 32 * 1024,
    });
  }

  function assertAllowed(address: string, url: URL): void {
    if (!isPrivateAddress(address) || mayBePrivate(url)) return;
    throw forbidden(
      url,
      pulling,
      `${url.host} has the private address ${address}: allow it by --allow-registry ${url.host}, or start the worker ` +
        "with --allow-private-addresses",
    );
  }
}

function contextOf(caFile: string) {
  let own: string;
  try {
    own = readFileSync(caFile, "utf8");
  } catch (error) {
    throw invalid(caFile, errnoOf(error));
  }
  if (!own.includes("-----BEGIN CERTIFICATE-----")) throw invalid(caFile, "it holds no certificate in PEM");
  try {
    return createSecureContext({ ca: [...rootCertificates, ...extraCertificates(), own] });
  } catch {
    throw invalid(caFile, "it holds a damaged certificate");
  }
}

/** What the environment adds to Node's own, which a list of certificates would replace. */
function extraCertificates(): string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || file === "") return [];
  try {
    return [readFileSync(file, "utf8")];
  } catch {
    // Node warns of it at its start and goes on.
    return [];
  }
}

function invalid(file: string, why: string): StevedoreError {
  return new StevedoreError("INVALID_OPTION", `--registry-ca ${JSON.stringify(file)}: ${why}`);
}
