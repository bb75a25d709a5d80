// Bull Board under /queues: every job of every queue, with what it takes to retry and remove them. Behind the same login
// as the other pages; a session that may only look is shown a board that offers nothing else.
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Queue } from "bullmq";
import { type AnyQueueName, JobError } from "../../jobs/index.js";
import { type GraphQueues, isScriptError, type Producer } from "../../producer/index.js";
import { asUnavailable } from "../../redis/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError, sendProblem } from "../problem.js";
import { pagePolicy } from "./content-policy.js";
import { withHeader } from "./html/index.js";
import { askToLogIn } from "./pages.js";

/** Adds it, in a scope of its own whose prefix it takes. */
export async function addBullBoard(
  app: App,
  queues: GraphQueues,
  { log, producer }: ServerContext,
): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(app.prefix);
  const board = createBullBoard({
    queues: [],
    serverAdapter: adapter,
    options: {
      uiConfig: {
        boardTitle: "Stevedore",
        boardLogo: { path: "/assets/favicon.svg", width: 24, height: 24 },
        hideDocsLink: true,
        // The host of Redis and its memory are nothing to whoever may look at jobs.
        hideRedisDetails: true,
      },
    },
  });

  const shown = new Map<AnyQueueName, Queue>();
  /**
   * Hosts come up at any time, each with queues of its own, and a queue that does not work any more has been replaced.
   * Throws `QUEUE_UNAVAILABLE`.
   */
  const showNewQueues = async () => {
    for (const name of await queues.names()) {
      const queue = queues.of(name);
      if (shown.get(name) === queue) continue;
      shown.set(name, queue);
      retryByProducer(queue, producer);
      board.addQueue(new BullMQAdapter(queue));
    }
  };

  app.addHook("onRoute", (route) => {
    const isPage = !/\/(api|static)\//.test(route.url);
    // Where helmet looks; its own option of a route has been read by now.
    const config = { helmet: boardPolicy, ...(isPage && { access: "anyone" as const }) };
    route.config = { ...route.config, ...config };
    if (isPage) route.onRequest = askToLogIn;
    // What the board throws it tells in its own form, which its page understands.
    route.errorHandler = (error, request, reply) => {
      const known = asUnavailable(error);
      if (known instanceof JobError) return void sendProblem(known, request, reply, log);
      if (isRefusal(error)) throw Object.assign(error, { statusCode: 409 });
      if (!(error instanceof HttpError)) throw error;
      void sendProblem(error, request, reply, log);
    };
  });
  app.addHook("preHandler", async (request) => {
    if (request.url.includes("/api/")) await showNewQueues();
  });
  // The guard has refused whatever a reader may not do; this keeps the board from offering it.
  app.addHook("preSerialization", async (request, _reply, payload) =>
    request.role === "full" ? payload : withoutButtons(payload),
  );
  app.addHook("onSend", async (_request, reply, payload) => {
    const isPage = String(reply.getHeader("content-type")).startsWith("text/html");
    return isPage && typeof payload === "string"
      ? withHeader(withoutOtherHosts(payload), "/queues/")
      : payload;
  });
  await app.register(adapter.registerPlugin() as Parameters<App["register"]>[0]);
}

/**
 * Has failed jobs retried by the producer: BullMQ's own retry has a batch wait for ever for children that have failed. What
 * the producer refuses is left to BullMQ, as whoever uses the board expects.
 */
function retryByProducer({ name, backend }: Queue, producer: Producer): void {
  const retry = backend.retryFinishedJob.bind(backend);
  backend.retryFinishedJob = async (job, state, options) => {
    try {
      if (state === "failed") return await producer.retry(job.id ?? "", name);
    } catch (error) {
      const isRefused = error instanceof JobError && ["INVALID_JOB", "JOB_NOT_FOUND"].includes(error.code);
      if (!isRefused) throw error;
    }
    return retry(job, state, options);
  };
}

/** True if BullMQ has nothing that could be done with the job: its state is another, or its record unreadable. */
function isRefusal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return (typeof code === "number" && code < 0) || isScriptError(error);
}

/** Styles stand in its page, and in what its scripts add to it. */
const boardPolicy = {
  contentSecurityPolicy: {
    ...pagePolicy.contentSecurityPolicy,
    directives: {
      ...pagePolicy.contentSecurityPolicy.directives,
      styleSrc: ["'self'", "'unsafe-inline'"],
    },
  },
};

interface Shown {
  readonly queues?: readonly Readonly<Record<string, unknown>>[];
}

function withoutButtons(payload: unknown): unknown {
  const { queues } = (payload ?? {}) as Shown;
  if (!Array.isArray(queues)) return payload;
  const readOnly = { readOnlyMode: true, allowRetries: false };
  return { ...(payload as Shown), queues: queues.map((queue) => ({ ...queue, ...readOnly })) };
}

/** Its page asks another host for fonts. The policy forbids that, and a page that tries would complain. */
function withoutOtherHosts(page: string): string {
  return page.replace(/<link[^>]+href="https?:[^>]*>/g, "");
}
