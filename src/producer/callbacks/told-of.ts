// What a job's record tells of its callbacks.
import { z } from "zod";
import { type CallbackRecord, callbackFieldPrefix, notify, notifyEvents } from "../../jobs/index.js";
import { callbackId } from "./register.js";

/**
 * Where the options of a job that was read have the fields of its callbacks. BullMQ passes over a symbol when it writes
 * options again.
 */
const fieldsOfCallbacks = Symbol("fields of callbacks");

const callbackRecord = z.object({
  url: z.string(),
  events: z.array(z.enum(notifyEvents)),
  state: z.enum(["pending", "delivered", "failed", "skipped"]),
  attempts: z.int(),
  lastError: z.string().nullable(),
  deliveredAt: z.number().nullable(),
});

/** How much of an error or a URL is shown, in characters. */
const longest = 2_000;

/** Keeps the fields of callbacks of a job's hash with its options, for `callbacksOf`. */
export function keepCallbacks(opts: object, fields: Readonly<Record<string, string>>): void {
  const found = Object.entries(fields).filter(([name]) => name.startsWith(callbackFieldPrefix));
  if (found.length > 0) Object.assign(opts, { [fieldsOfCallbacks]: found.map(([, value]) => value) });
}

/** The callbacks of a job that was read, by its options. A URL's query may be a secret, and is not shown. */
export function callbacksOf(opts: object): CallbackRecord[] {
  const { [fieldsOfCallbacks]: fields = [], notify: own } = opts as {
    readonly [fieldsOfCallbacks]?: readonly string[];
    readonly notify?: unknown;
  };
  const told = fields.flatMap((text) => callbackRecord.safeParse(asJson(text)).data ?? []);
  const { data: asked } = own === undefined ? {} : notify.safeParse(own);
  if (asked !== undefined && !told.some((each) => callbackId(each) === callbackId(asked))) {
    const nothingYet = { state: "pending", attempts: 0, lastError: null, deliveredAt: null } as const;
    told.push({ url: asked.url, events: [...(asked.events ?? notifyEvents)], ...nothingYet });
  }
  return told.map((each) => ({ ...each, url: withoutQuery(each.url).slice(0, longest) }));
}

function withoutQuery(url: string): string {
  const [plain = "", ...query] = url.split(/[?#]/);
  return query.length === 0 ? plain : `${plain}?…`;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
