// What happens on the server, as it happens: one stream of events for all parts of the page.
import { signal } from "@preact/signals";
import { type ApiError, ask } from "./api.js";
import type { JobEvent } from "./api-types.js";

/** `live`; Redis is `lost`; the server is `away`; or it is not known yet. */
export type Connection = "opening" | "live" | "lost" | "away";
export const connection = signal<Connection>("opening");

/** Grows whenever what was shown may be out of date: after an outage. */
export const generation = signal(0);

/** How long until a stream that has ended is asked for again, in ms. */
const interval = 2_000;

let hasBeenLive = false;

const listeners = new Set<(event: JobEvent) => void>();

/** Calls the listener with what happens to any job. Returns what ends that. */
export function onJobEvent(listener: (event: JobEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Begins to listen, and goes on for as long as the page is open. */
export function followEvents(): void {
  const source = new EventSource("/api/v1/events");
  source.addEventListener("open", () => change("live"));
  source.addEventListener("job", ({ data }) => {
    const event = JSON.parse(data) as JobEvent;
    for (const listener of listeners) listener(event);
  });
  source.addEventListener("connection", ({ data }) => {
    const { connection: state } = JSON.parse(data) as { connection: "lost" | "restored" };
    change(state === "lost" ? "lost" : "live");
  });
  source.addEventListener("error", () => {
    // A browser tries again by itself, but not after a refusal.
    source.close();
    void look().then(change);
    setTimeout(followEvents, interval);
  });
}

function change(state: Connection): void {
  const was = connection.value;
  connection.value = state;
  const isBack = state === "live" && was !== "live";
  if (isBack && hasBeenLive) generation.value += 1;
  hasBeenLive ||= isBack;
}

/** What keeps the events from coming. It leads to the login as well, if that is it. */
async function look(): Promise<Connection> {
  try {
    await ask("queues");
    return "opening";
  } catch (error) {
    return (error as ApiError).code === "QUEUE_UNAVAILABLE" ? "lost" : "away";
  }
}
