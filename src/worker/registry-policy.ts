// Where a worker may pull from and push to, as its options say.
import type { RegistryPolicy } from "../interchange/index.js";
import { parseRegistryHost } from "../outbound/index.js";
import { parseRegistryReference, quote, StevedoreError } from "../terms/index.js";
import { defaultRegistryConcurrency, type WorkerLimits } from "./limits.js";
import type { WorkerOptions } from "./worker-options.js";

type RegistryOptions = Pick<
  WorkerOptions,
  | "allowedRegistries"
  | "insecureRegistries"
  | "registryMirrors"
  | "registryAuthFile"
  | "registryCaFile"
  | "registryConcurrency"
  | "allowPrivateAddresses"
>;

/** A mirror of a registry. */
interface Mirror {
  /** As references name it, such as `docker.io`. */
  readonly host: string;
  /** Without a query or a user. */
  readonly url: URL;
}

/** @throws `INVALID_OPTION` naming what is no host or no mirror */
export function readRegistryPolicy(options: RegistryOptions, limits: WorkerLimits): RegistryPolicy {
  const { allowedRegistries = [], insecureRegistries = [], registryMirrors = [] } = options;
  const mirrors = new Map<string, URL[]>();
  for (const { host, url } of registryMirrors.map(parseRegistryMirror)) {
    mirrors.set(host, [...(mirrors.get(host) ?? []), url]);
  }
  return {
    allowedHosts: allowedRegistries.map((host) => parseRegistryHost(host)),
    insecureHosts: insecureRegistries.map((host) => parseRegistryHost(host, "--registry-insecure")),
    mirrors,
    authFile: options.registryAuthFile,
    caFile: options.registryCaFile,
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    limits,
    concurrency: options.registryConcurrency ?? defaultRegistryConcurrency,
  };
}

/**
 * Reads `HOST=URL`, such as `docker.io=https://mirror.example:5000`.
 * @throws `INVALID_OPTION`
 */
export function parseRegistryMirror(text: string): Mirror {
  const equals = text.indexOf("=");
  const [name, address] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
  const host = hostOf(name);
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === "");
  if (host !== undefined && isPlain) return { host, url };
  // What is no mirror may hold a password.
  throw new StevedoreError(
    "INVALID_OPTION",
    `--registry-mirror ${equals < 0 ? "" : quote(`${name}=...`)} is not a valid mirror: use HOST=URL, such as docker.io=https://mirror.example:5000`,
  );
}

/** A registry as references name it; undefined for what is none. */
function hostOf(name: string): string | undefined {
  try {
    const { host, repository } = parseRegistryReference(`${name}/a/b`);
    return repository === "a/b" ? host : undefined;
  } catch {
    return undefined;
  }
}
