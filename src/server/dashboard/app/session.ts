// Who looks at these pages, and what they may do.
import { signal } from "@preact/signals";
import { ask } from "./api.js";
import type { Session } from "./api-types.js";

/** Undefined until the server has told. */
export const session = signal<Session | undefined>(undefined);

/** How long until it is asked again, in ms. */
const interval = 2_000;

/** True for who may change something: others are shown no buttons for that. */
export function mayAct(): boolean {
  return session.value?.role === "full";
}

export function readSession(): void {
  ask<Session>("session").then(
    (answer) => {
      session.value = answer;
    },
    () => setTimeout(readSession, interval),
  );
}
