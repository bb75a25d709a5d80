// Asks the server's API, and tells what it answers when it refuses.

/** A refusal of the server, or that it does not answer: then the status is 0. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
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
  options: { method?: "GET" | "POST" | "DELETE"; body?: unknown; signal?: AbortSignal } = {},
): Promise<T> {
  const { method = "GET", body, signal } = options;
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, {
      method,
      ...(signal && { signal }),
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "UNREACHABLE", "The server does not answer.");
  }
  if (response.status === 401) logIn();
  const answer = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  const { code = "INTERNAL", detail = response.statusText } = (answer ?? {}) as {
    code?: string;
    detail?: string;
  };
  throw new ApiError(response.status, code, detail);
}

/** A path of the API from its parts, each encoded. */
export function pathTo(...parts: string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

function logIn(): void {
  location.assign(`/login?to=${encodeURIComponent(location.pathname + location.search)}`);
}
