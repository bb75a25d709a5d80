// The problems that a route may answer with, for its schema.
import type { z } from "zod";
import { problem, problemType } from "../problem.js";

interface ProblemResponse {
  readonly description: string;
  readonly content: Readonly<Record<typeof problemType, { readonly schema: z.ZodType }>>;
}

/** The statuses that every route may answer with: no token, wrong role, too many requests, and no Redis. */
const always = [401, 403, 429, 503] as const;

const descriptions: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  401: "It takes a token",
  403: "This token, page or host may not",
  404: "There is no such thing",
  408: "The body did not come in time",
  409: "It does not fit the present state",
  413: "It is too large",
  415: "The body is no JSON",
  416: "There is no such part of it",
  422: "The contents of the body are wrong, or the job's own error",
  429: "Too many requests",
  500: "The server's or the job's own fault",
  501: "The host cannot do this",
  503: "Redis or the host cannot do this for now: Retry-After says when to ask again",
  507: "The disk is full",
};

/** The responses for these statuses, and for those that every route may answer with. */
export function problemsOf(...statuses: readonly number[]): Record<number, ProblemResponse> {
  const all = [...new Set([...statuses, ...always])].sort();
  return Object.fromEntries(
    all.map((status) => [
      status,
      { description: descriptions[status] ?? "", content: { [problemType]: { schema: problem } } },
    ]),
  ) as Record<number, ProblemResponse>;
}
