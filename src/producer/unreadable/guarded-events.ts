// Lets BullMQ's reader of a queue's events outlive an event that it cannot read: it would stop for good.
import type { QueueEvents } from "bullmq";
import { isJson } from "./mended-fields.js";

/** The fields of BullMQ's events that it parses as JSON. */
const parsed: Readonly<Record<string, string>> = { progress: "data", completed: "returnvalue" };

/** Streams with their entries, as Redis returns them: names and values by turns. */
type Streams = readonly (readonly [key: string, entries: [id: string, fields: string[]][]])[];

/** An event whose `data` or `returnvalue` is not JSON has null instead. */
export function guardEvents(events: QueueEvents): QueueEvents {
  const backend = events.getBackend();
  const read = backend.readEvents.bind(backend);
  backend.readEvents = async (...parameters) => {
    const streams = (await read(...parameters)) as unknown as Streams | null;
    for (const [, entries] of streams ?? []) for (const entry of entries) entry[1] = mendEvent(entry[1]);
    return streams as unknown as Awaited<ReturnType<typeof read>>;
  };
  return events;
}

function mendEvent(flat: string[]): string[] {
  const at = flat.findIndex((name, index) => index % 2 === 0 && name === "event");
  const field = at < 0 ? undefined : parsed[flat[at + 1] ?? ""];
  if (field === undefined) return flat;
  const place = flat.findIndex((name, index) => index % 2 === 0 && name === field);
  if (place < 0) return [...flat, field, "null"];
  const value = flat[place + 1];
  if (value !== undefined && value !== "" && isJson(value)) return flat;
  return flat.with(place + 1, "null");
}
