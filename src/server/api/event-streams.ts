// Server-sent events (WHATWG HTML, section 9.2): many long responses, none of which may hold up another or the server's
// end.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";

export interface EventStream {
  /**
   * Sends a frame. While the client does not read, only the newest passing frame is kept for it. If a frame that is not
   * passing has to wait, the stream breaks off, and the client connects again and asks for what it has missed.
   * @param isPassing whether a later frame makes this one obsolete
   */
  send(frame: Buffer, isPassing?: boolean): void;
  /** Resolves when the socket has taken what was sent, or the stream has ended. */
  drained(): Promise<void>;
  /** Ends the stream in an orderly way. */
  end(): void;
  /** Aborted when the stream has ended, on whichever side. */
  readonly signal: AbortSignal;
}

export interface EventStreams {
  /** Makes the response to a request a stream. */
  open(reply: FastifyReply): EventStream;
}

/** How often an empty comment is sent, by which each side notices that the other is gone, in ms. */
const heartbeatInterval = 15_000;
/** How many of these a client may leave unread. */
const mostMissed = 4;
/** How much may wait for a client that does not read, in bytes. */
const mostUnread = 64 * 1024;
/** How long a client waits before it connects again, in ms. */
const retry = 2_000;

const heartbeat = Buffer.from(":\n\n");

/** @param stopping ends all streams when it aborts */
export function openEventStreams(stopping: AbortSignal): EventStreams {
  const opened = new Set<{ end(): void; beat(): void }>();
  let timer: NodeJS.Timeout | undefined;
  stopping.addEventListener("abort", () => {
    for (const stream of opened) stream.end();
  });
  return {
    open(reply) {
      const response = takeOver(reply);
      const { stream, beat } = makeStream(response);
      // The client has gone already.
      if (stream.signal.aborted) return stream;
      const entry = { end: stream.end, beat };
      opened.add(entry);
      timer ??= setInterval(() => {
        for (const each of opened) each.beat();
      }, heartbeatInterval);
      response.once("close", () => {
        opened.delete(entry);
        if (opened.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      if (stopping.aborted) stream.end();
      return stream;
    },
  };
}

/**
 * Formats an event.
 * @param id what a client sends as `Last-Event-ID` when it connects again; left out to keep the previous one
 */
export function frame(event: string, data: object, id?: string): Buffer {
  return Buffer.from(
    `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`,
  );
}

/** Sends the head, with the headers that plugins have set (helmet, the rate limit). */
function takeOver(reply: FastifyReply): ServerResponse {
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    connection: "close",
  });
  response.socket?.setNoDelay(true);
  response.write(`retry: ${retry}\n\n`);
  return response;
}

function makeStream(response: ServerResponse): { readonly stream: EventStream; beat(): void } {
  const ended = new AbortController();
  let waiting: Buffer | undefined;
  let missed = 0;
  response.once("close", () => ended.abort());
  if (response.closed || response.destroyed) ended.abort();
  response.on("error", () => undefined);
  response.on("drain", () => {
    missed = 0;
    if (waiting !== undefined) response.write(waiting);
    waiting = undefined;
  });
  const stream: EventStream = {
    send(text, isPassing = false) {
      if (response.writableEnded || response.destroyed) return;
      if (response.writableLength <= mostUnread) {
        // Newer than the frame that waits.
        waiting = undefined;
        response.write(text);
      } else if (isPassing) waiting = text;
      else response.destroy();
    },
    async drained() {
      if (response.writableNeedDrain && !ended.signal.aborted) {
        await once(response, "drain", { signal: ended.signal }).catch(() => undefined);
      }
    },
    end: () => void response.end(),
    signal: ended.signal,
  };
  return {
    stream,
    beat() {
      if (!response.writableNeedDrain) response.write(heartbeat);
      else if (++missed === mostMissed) response.destroy();
    },
  };
}
