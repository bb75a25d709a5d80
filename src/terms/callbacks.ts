// What a callback may be: the ends of a job that are told, and where to.

/** The ends of a job that a callback may be told of. */
export const notifyEvents = ["completed", "failed", "cancelled"] as const;
export type NotifyEvent = (typeof notifyEvents)[number];

/** What is said of another text than a callback's URL. */
export const invalidCallbackUrl =
  "it takes an http or https URL of 2000 characters at most, without user and password";

/** True for a URL that a callback may have. */
export function isCallbackUrl(text: string): boolean {
  if (text.length > 2_000 || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
