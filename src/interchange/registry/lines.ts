// The lines to a repository: one to each endpoint of its registry, with what it takes to be authorized there.
import { startPatience } from "../../outbound/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type Credentials, createAuthorization, findCredentials } from "./auth/index.js";
import { type Endpoint, resourceUrl } from "./endpoints.js";
import type { Asker, Authorization, Sender } from "./http/index.js";
import type { RegistryPolicy } from "./policy.js";

/** A line to a repository at one endpoint. */
export interface Line {
  readonly endpoint: Endpoint;
  /** The URL of a resource of the repository, such as `manifests/latest`. */
  url(resource: string): URL;
  /**
   * Who asks for one document, blob or upload, within the limits of one.
   * @param from another repository of the registry that must be readable, too
   */
  asker(signal: AbortSignal, from?: string): Asker;
}

interface LineOptions {
  readonly policy: RegistryPolicy;
  readonly repository: string;
  readonly sender: Sender;
}

/** Makes the line to an endpoint. */
export function createLine(endpoint: Endpoint, { policy, repository, sender }: LineOptions): Line {
  const { kind } = sender;
  const { limits, authFile } = policy;
  // What a mirror does not give at once is asked for elsewhere.
  const retries = endpoint.isMirror ? 0 : limits.downloadResumes;
  const own = `repository:${repository}:${kind.refusal === "TARGET_FORBIDDEN" ? "pull,push" : "pull"}`;
  let found: Promise<Credentials | undefined> | undefined;
  const credentials = async () => {
    if (authFile === undefined) return undefined;
    found ??= findCredentials(authFile, endpoint.host, sender.signal);
    return found;
  };
  const authorizations = new Map<string | undefined, Authorization>();
  const authorizationFor = (from: string | undefined) => {
    const known = authorizations.get(from);
    if (known !== undefined) return known;
    const scopes = from === undefined ? [own] : [own, `repository:${from}:pull`];
    const { base: registry, host } = endpoint;
    const made = createAuthorization({ sender, registry, host, scopes, limits, retries, credentials });
    authorizations.set(from, made);
    return made;
  };
  return {
    endpoint,
    url: (resource) => resourceUrl(endpoint, repository, resource),
    asker: (signal, from) => ({
      ...{ connections: sender.connections, kind, signal },
      patience: startPatience(limits, kind),
      authorization: authorizationFor(from),
      retries,
      heedsRetryAfter: !endpoint.isMirror,
    }),
  };
}

/** What a mirror may answer without that it ends a pull. */
const fallsBack = ["SOURCE_NOT_FOUND", "SOURCE_FORBIDDEN", "INTERNAL"];

/** Uses the first line that serves: a mirror that refuses, fails or lacks something is passed over. */
export async function onFirst<T>(lines: readonly Line[], use: (line: Line) => Promise<T>): Promise<T> {
  for (const line of lines) {
    try {
      return await use(line);
    } catch (error) {
      const isOver = line === lines.at(-1) || !(error instanceof StevedoreError);
      if (isOver || !fallsBack.includes(error.code)) throw error;
    }
  }
  throw new Error("a repository without a line");
}
