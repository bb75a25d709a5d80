// The headers of a request that enqueues one job: Idempotency-Key (draft-ietf-httpapi-idempotency-key-header; a string of
// RFC 8941, section 3.3.3), and those of its callback.
import { z } from "zod";
import { type Notify, parseNotify } from "../../../jobs/index.js";
import { HttpError } from "../../problem.js";

export const idempotencyKey = "idempotency-key";

/** In quotes, of printable ASCII; or without quotes if its characters need none, as many clients send it. */
const form = /^(?:"((?:[ !#-[\]-~]|\\["\\]){1,255})"|([A-Za-z0-9._~:/+=-]{1,255}))$/;

/**
 * Reads the key from its header; undefined without a header.
 * @throws 400 `INVALID_REQUEST` for a key that is not valid
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [, quoted, plain] = (Array.isArray(header) ? null : form.exec(header.trim())) ?? [];
  const key = quoted?.replaceAll(/\\(.)/g, "$1") ?? plain;
  if (key !== undefined) return key;
  throw new HttpError(
    400,
    "INVALID_REQUEST",
    'Idempotency-Key: it takes 1 to 255 characters in quotes, as "8e03978e-40d5-43dd-bc93-6894a57f9324"',
  );
}

/** Schemas of the headers by which a job asks for a callback. They stand in no query: proxies log those. */
export const notifyHeaders = {
  "stevedore-notify": z.string().optional().meta({
    description: "An http or https URL, to which the job's record is POSTed when the job has ended",
  }),
  "stevedore-notify-events": z
    .string()
    .optional()
    .meta({ description: "The ends that are told, with commas: completed, failed, cancelled. Default: all" }),
};

/**
 * Reads the callback; undefined if none is asked for.
 * @throws `INVALID_JOB` for one that is not valid
 */
export function readNotifyHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Notify | undefined {
  const { "stevedore-notify": url, "stevedore-notify-events": events } = headers;
  if (url === undefined && events === undefined) return undefined;
  const named = events === undefined ? {} : { events: String(events).split(/\s*,\s*/) };
  return parseNotify({ url: url ?? "", ...named });
}
