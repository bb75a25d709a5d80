// A server of a few lines in place of a registry, for what no real one does.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  openRegistries,
  type RegistryAction,
  type RegistryPolicy,
  type Repository,
} from "../../../src/interchange/registry/index.js";
import { parseAllowedHost } from "../../../src/outbound/index.js";
import { openPolicy } from "./registry.js";

export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  /** Asked by plain HTTP, with short limits. */
  readonly policy: RegistryPolicy;
  /** What was asked, as `GET /v2/a/manifests/latest`, and by what `Authorization`. */
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[];
}

/** Limits that a test can wait for. */
export const shortLimits = { downloadMs: 4_000, downloadSilenceMs: 3_000, downloadResumes: 2 } as const;

/** The same registry for a worker with other limits. */
export function limited(registry: FakeRegistry, limits: Partial<RegistryPolicy["limits"]>): FakeRegistry {
  return { ...registry, policy: { ...registry.policy, limits: { ...shortLimits, ...limits } } };
}

/** For a server that is to fall silent. */
export const impatient = { downloadSilenceMs: 300 } as const;

/** Runs `use` with a server that answers so. */
export async function serving<T>(
  answer: RequestListener,
  use: (registry: FakeRegistry) => Promise<T>,
): Promise<T> {
  const requests: FakeRegistry["requests"] = [];
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    requests.push({ line: `${request.method} ${request.url}`, authorization });
    answer(request, response);
  });
  server.on("clientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const allowed = [parseAllowedHost(host)];
  const policy = { ...openPolicy, allowedHosts: allowed, insecureHosts: allowed, limits: shortLimits };
  try {
    return await use({ host, url: `http://${host}`, policy, requests });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Runs `use` with the repository `tests/image` of a registry. */
export async function withRepository<T>(
  { policy, host }: { readonly policy: RegistryPolicy; readonly host: string },
  action: RegistryAction,
  use: (repository: Repository) => Promise<T>,
  {
    repository = "tests/image",
    signal = new AbortController().signal,
  }: { readonly repository?: string; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const registries = openRegistries(policy);
  try {
    return await use(registries.repository({ host, repository }, action, signal));
  } finally {
    await registries.close();
  }
}

/** The descriptor of bytes. */
export function describeBytes(bytes: Buffer): { readonly digest: string; readonly size: number } {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}
