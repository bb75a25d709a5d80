// The HTTP server of a graph: which parts it has, and how it starts and stops.
import type { AddressInfo } from "node:net";
import cookie from "@fastify/cookie";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { openGraph } from "../graph/index.js";
import { openProducer } from "../producer/index.js";
import { defaultGraphName, StevedoreError } from "../terms/index.js";
import {
  addContentsRoutes,
  addEventRoutes,
  addExportRoutes,
  addImageRoutes,
  addJobRecordRoutes,
  addJobRoutes,
  addLayerRoutes,
  addMountRoutes,
  addOperateRoutes,
  addScheduleRoutes,
  addUploadRoutes,
  addWorkerRoutes,
} from "./api/index.js";
import type { Token } from "./auth/index.js";
import { assertOneRoleEach, openGuard } from "./auth/index.js";
import { endUnreadBody, limitBodyTime } from "./body-deadline.js";
import { refuseConnection } from "./client-error.js";
import { compressAnswers } from "./compression.js";
import type { App, ServerContext } from "./context.js";
import { addDashboard, openErrorPages } from "./dashboard/index.js";
import { ignoreTypeOfNoBody } from "./empty-bodies.js";
import { handleExpectContinue } from "./expectations.js";
import { addHealthRoutes } from "./health.js";
import { keepInboxSwept } from "./inbox-sweep.js";
import { isLoopback, type ListenAddress } from "./listen-address.js";
import { addMetricsRoute } from "./metrics.js";
import { addOpenApi } from "./openapi/index.js";
import { HttpError, notFound, sendProblem } from "./problem.js";
import { refuseUnknownParameters } from "./strict-queries.js";
import { assertTrustedProxy } from "./trusted-proxies.js";
import { trackUnusedConnections } from "./unused-connections.js";

export interface ServerOptions {
  /** Any of the forms of docs/redis.md. */
  readonly redis: string;
  /** The name the graph is served under. Default `default`. */
  readonly graph?: string | undefined;
  /** The directory that holds `graph/`. */
  readonly root: string;
  /** Default: 127.0.0.1, on any free port. */
  readonly listen?: ListenAddress | undefined;
  /** The tokens that are accepted. Default: none, and no token is needed, which is allowed on the loopback interface only. */
  readonly tokens?: readonly Token[] | undefined;
  /** Proxies, as addresses or networks, whose X-Forwarded-* headers are believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** How large an upload may be, in bytes. Default: 64 GiB. */
  readonly maxUploadBytes?: number | undefined;
  /** Requests per minute and client. Default: 6,000. */
  readonly requestsPerMinute?: number | undefined;
  /** Called with a line about whatever happens. */
  readonly log?: ServerContext["log"] | undefined;
  /** False where a worker of the same process logs the outages of Redis. Default: true. */
  readonly logsOutages?: boolean | undefined;
}

/** A server that listens. */
export interface RunningServer {
  /** Where: `http://127.0.0.1:7878`. */
  readonly url: string;
  /** Takes no new requests, ends event streams, waits for the other requests, and disconnects from Redis. */
  close(): Promise<void>;
}

const defaultMaxUploadBytes = 64 * 1024 ** 3;
const defaultRequestsPerMinute = 6_000;
/** How long the head of a request may take, in ms. */
const headersTimeout = 20_000;
/** How long running requests may take when the server closes, in ms. */
const closingTime = 5_000;
/** How large a body may be, in bytes, on routes that set no limit of their own. */
const bodyLimit = 1024 ** 2;

/**
 * Starts to listen.
 * @throws `INVALID_OPTION` for an address off the loopback interface without a token, or that cannot be listened on, for a
 * token that was given both roles, and for a proxy that is not valid; `SOURCE_NOT_FOUND` for a root that is not there;
 * what `openProducer` throws
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { redis, root, graph: graphName = defaultGraphName, tokens = [], log = () => {} } = options;
  const { listen = { host: "127.0.0.1", port: 0 } } = options;
  if (tokens.length === 0 && !isLoopback(listen.host)) {
    throw new StevedoreError(
      "INVALID_OPTION",
      `--listen: ${listen.host} is not the loopback interface: listening there takes a token (--token-file or STEVEDORE_TOKEN)`,
    );
  }
  assertOneRoleEach(tokens);
  options.trustedProxies?.forEach(assertTrustedProxy);
  const graph = await openGraph(root);
  const producer = openProducer({ redis, graph: graphName });
  const stopping = new AbortController();
  const context: ServerContext = {
    producer,
    graph,
    graphName,
    root: graph.root,
    redis,
    tokens,
    log,
    logsOutages: options.logsOutages ?? true,
    maxUploadBytes: options.maxUploadBytes ?? defaultMaxUploadBytes,
    signal: stopping.signal,
  };
  const app = await buildApp(context, options);
  const closeUnused = trackUnusedConnections(app.server);
  const close = async () => {
    stopping.abort();
    closeUnused();
    const hurry = setTimeout(() => app.server.closeAllConnections(), closingTime);
    await app.close();
    clearTimeout(hurry);
    await producer.close();
    await graph.close();
  };
  try {
    await app.listen(listen);
  } catch (error) {
    await close();
    const { host, port } = listen;
    throw new StevedoreError(
      "INVALID_OPTION",
      `--listen: cannot listen on ${host}:${port}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  return { url: urlOf(app.server.address() as AddressInfo), close };
}

/** The app with all its routes; it does not listen yet. */
export async function buildApp(
  context: ServerContext,
  { trustedProxies = [], requestsPerMinute = defaultRequestsPerMinute }: Partial<ServerOptions> = {},
): Promise<App> {
  const app: App = fastify({
    logger: false,
    bodyLimit,
    // Routes that stream take their time; others are ended by limitBodyTime.
    requestTimeout: 0,
    http: { headersTimeout },
    forceCloseConnections: "idle",
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    // No path is longer than the head of a request: the routes say themselves what is too long.
    routerOptions: { maxParamLength: 16 * 1024 },
    clientErrorHandler: refuseConnection,
    // For a path that cannot be decoded, and so never comes to a route.
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply, context.log),
  }).withTypeProvider<ZodTypeProvider>();
  // The form of another site may send text/plain: no route takes it.
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const sendPage = openErrorPages();
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendPage(error, request, reply) ?? sendProblem(error, request, reply, context.log);
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => refuse(notFound(request), request, reply));

  await app.register(helmet, {
    contentSecurityPolicy: {
      // `upgrade-insecure-requests` of helmet's defaults would break plain HTTP on the loopback interface.
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: "same-origin" },
  });
  await app.register(cookie);
  await app.register(rateLimit, {
    // Not per route: those hooks run after the guard, so that requests which guess tokens would not be counted.
    global: false,
    max: requestsPerMinute,
    timeWindow: "1 minute",
    errorResponseBuilder: (_request, { after, max }) =>
      new HttpError(429, "TOO_MANY_REQUESTS", `more than ${max} requests in a minute: wait ${after}`),
  });
  handleExpectContinue(app);
  app.decorateRequest("role", undefined);
  const limitRequests = app.rateLimit();
  app.addHook("onRequest", async function (request, reply) {
    // The plugin itself limits a route that has a limit of its own; a request is counted once.
    if (request.routeOptions.config.rateLimit === undefined) await limitRequests.call(this, request, reply);
  });
  const guard = openGuard(context.tokens);
  app.addHook("onRequest", async (request) => {
    guard(request);
    limitBodyTime(request);
  });
  // While the server stops, each connection closes after its answer.
  app.addHook("onSend", async (_request, reply) => {
    if (context.signal.aborted) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request) => endUnreadBody(request));

  ignoreTypeOfNoBody(app);
  refuseUnknownParameters(app);
  await compressAnswers(app);
  await addOpenApi(app);
  addHealthRoutes(app, context);
  addMetricsRoute(app, context);
  addJobRoutes(app, context);
  addJobRecordRoutes(app, context);
  addOperateRoutes(app, context);
  addEventRoutes(app, context);
  addScheduleRoutes(app, context);
  addWorkerRoutes(app, context);
  addImageRoutes(app, context);
  addLayerRoutes(app, context);
  addContentsRoutes(app, context);
  addMountRoutes(app, context);
  addUploadRoutes(app, context);
  addExportRoutes(app, context);
  await addDashboard(app, context);
  keepInboxSwept(app, context);
  return app;
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
