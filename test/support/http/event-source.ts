// Reads server-sent events as a browser's EventSource does (WHATWG HTML, section 9.2.6), over one connection.
export interface ServerSentEvent {
  readonly event: string;
  /** The last id that was sent so far. */
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name, and fail where the name is not there
  readonly data: any;
}

export interface EventSource {
  readonly response: Response;
  /** All that came so far. */
  readonly events: readonly ServerSentEvent[];
  /** Resolves with the first event, also of those that came before, that is what is waited for; rejects if it ends without. */
  next(isIt: (event: ServerSentEvent) => boolean): Promise<ServerSentEvent>;
  /** Resolves with all events when the server has ended it; rejects if it broke off. */
  ended: Promise<readonly ServerSentEvent[]>;
  close(): void;
}

/** Connects. Fails for an answer that is no event stream. */
export async function openEvents(
  url: string,
  { headers = {} }: { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<EventSource> {
  const closing = new AbortController();
  const response = await fetch(url, { headers, signal: closing.signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`${response.status}: ${await response.text()}`);
  }
  const events: ServerSentEvent[] = [];
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  let id = "";
  let isOver = false;
  const read = async (body: ReadableStream<Uint8Array>) => {
    try {
      let text = "";
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const blocks = text.split("\n\n");
        text = blocks.pop() ?? "";
        for (const block of blocks) {
          const fields = block.split("\n").map((line) => /^([^:]*):? ?(.*)$/s.exec(line)?.slice(1) ?? []);
          const value = (name: string) => fields.find(([each]) => each === name)?.[1];
          id = value("id") ?? id;
          const data = value("data");
          if (data !== undefined)
            events.push({ event: value("event") ?? "message", id, data: JSON.parse(data) });
        }
        tell();
      }
    } finally {
      isOver = true;
      tell();
    }
    return events;
  };
  const ended = read(response.body);
  ended.catch(() => undefined);
  return {
    response,
    events,
    ended,
    async next(isIt) {
      for (;;) {
        const found = events.find(isIt);
        if (found !== undefined) return found;
        if (isOver) throw new Error(`the stream ended without: ${JSON.stringify(events)}`);
        await new Promise<void>((resolve) => {
          const listener = () => {
            listeners.delete(listener);
            resolve();
          };
          listeners.add(listener);
        });
      }
    },
    close: () => closing.abort(),
  };
}
