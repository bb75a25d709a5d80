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
  /** The most an upload may have, in bytes. */
  readonly maxUploadBytes: number;
  /** Told, in a line, of what happens. */
  readonly log: (line: string) => void;
  /** Aborted when the server stops: whatever streams for long ends. */
  readonly signal: AbortSignal;
}

/** The app that routes are added to: their schemas are zod. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;
