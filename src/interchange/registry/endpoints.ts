// Where the API of a registry is: at its host, and before that, for pulls, at the mirrors of the host.
import { type AllowedHost, forbidden, isHostAllowed, type RequestKind } from "../../outbound/index.js";
import type { RegistryPolicy } from "./policy.js";

/** Where a repository may be asked for. */
export interface Endpoint {
  /** Without a trailing slash in its path. */
  readonly base: URL;
  /** The name of its credentials: a host as references name it. */
  readonly host: string;
  readonly isMirror: boolean;
}

/** Docker's own registry: its name in references, and where its API is. */
const dockerHost = "docker.io";
const dockerEndpoint = "registry-1.docker.io";

/**
 * The endpoints of a registry, in the order in which they are tried.
 * @throws the kind's refusal for a host that is not allowed
 */
export function endpointsOf(host: string, policy: RegistryPolicy, kind: RequestKind): readonly Endpoint[] {
  const named = urlOf(host, policy.insecureHosts);
  if (named === undefined || !isHostAllowed(named, policy.allowedHosts)) {
    throw forbidden(
      named ?? new URL("https://invalid"),
      kind,
      `${JSON.stringify(host)} is not a registry this worker may ask: start it with ${kind.flag} ${host}`,
    );
  }
  const own: Endpoint = {
    base: host === dockerHost ? new URL(`https://${dockerEndpoint}`) : named,
    host,
    isMirror: false,
  };
  if (kind.refusal === "TARGET_FORBIDDEN") return [own];
  const mirrors = policy.mirrors.get(host) ?? [];
  return [...mirrors.map((base): Endpoint => ({ base, host: base.host, isMirror: true })), own];
}

/** Whether a host may have a private address: that of a registry or a mirror may, for the operator named it. */
export function isNamed(origin: URL, policy: RegistryPolicy): boolean {
  if (policy.allowPrivateAddresses || isHostAllowed(origin, policy.allowedHosts)) return true;
  return [...policy.mirrors.values()].some((urls) => urls.some((url) => url.origin === origin.origin));
}

/** The URL of a resource of a repository. */
export function resourceUrl({ base }: Endpoint, repository: string, resource: string): URL {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}/v2/${repository}/${resource}`;
  return url;
}

function urlOf(host: string, insecureHosts: readonly AllowedHost[]): URL | undefined {
  if (/[/?#@\\\s]/.test(host) || !URL.canParse(`https://${host}`)) return undefined;
  const plain = new URL(`http://${host}`);
  return isHostAllowed(plain, insecureHosts) ? plain : new URL(`https://${host}`);
}
