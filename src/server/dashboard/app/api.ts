// Asks the server's API, and tells what it answers when it refuses.

/** A field by its path in what was sent: `image.parent`. */
export interface WrongField {
  readonly path: string;
  readonly message: string;
}

/** A refusal of the server, or that it does not answer: then the status is 0. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  /** What is wrong with each field of what was sent, where the server says so. */
  readonly fields: readonly WrongField[];

  constructor(status: number, code: string, message: string, fields: readonly WrongField[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }

  /** True for what passes: the same may be asked again. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Asks for a path below `/api/v1/` and returns the JSON of the answer. Whoever is not logged in any more is led to the
 * login. Throws an ApiError.
 */
export async function ask<T>(
  path: string,
  options: {
    method?: "GET" | "POST" | "PUT" | "DELETE";
    headers?: Readonly<Record<string, string>>;
    body?: unknown;
    signal?: AbortSignal;
  } = {},
): Promise<T> {
  const { method = "GET", headers = {}, body, signal } = options;
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      ...(signal && { signal }),
      ...(body === undefined
        ? { headers }
        : { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  const answer = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  throw refusalOf(response.status, answer);
}

/** That the server does not answer. */
export function unreachable(): ApiError {
  return new ApiError(0, "UNREACHABLE", "The server does not answer.");
}

/** A refusal, from its status and its problem document, if it has one. Leads a stranger to the login. */
export function refusalOf(status: number, document: unknown): ApiError {
  if (status === 401) logIn();
  const { code, detail, errors } = (document ?? {}) as {
    code?: string;
    detail?: string;
    errors?: readonly WrongField[];
  };
  return new ApiError(status, code ?? "INTERNAL", detail ?? `The server answers ${status}.`, errors);
}

/** A path of the API from its parts, each encoded. */
export function pathTo(...parts: string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

function logIn(): void {
  location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
}
