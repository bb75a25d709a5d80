// What every part of the server works with.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Graph } from "../graph/index.js";
import type { Producer } from "../producer/index.js";
import type { Token } from "./auth/index.js";

export interface ServerContext {
  readonly producer: Producer;
  readonly graph: Graph;
  /** The name the graph is served under. */
  readonly graphName: string;
  /** The directory that holds `graph/`, absolute. */
  readonly root: string;
  /** The Redis of the queues. A secret: it may hold a password. */
  readonly redis: string;
  readonly tokens: readonly Token[];
  /** How large an upload may be, in bytes. */
  readonly maxUploadBytes: number;
  /** Called with a line about whatever happens. */
  readonly log: (line: string, fields?: { readonly level?: "warn" | "error" | undefined }) => void;
  /** Whether outages of Redis are logged. */
  readonly logsOutages: boolean;
  /** Aborted when the server stops: long streams end. */
  readonly signal: AbortSignal;
}

/** The Fastify app, with zod schemas, to which routes are added. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
