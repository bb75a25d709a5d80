// Tells when a link to the picture has become another: at once after a click, and a moment after the last move.
import { type PictureLink, writeLink } from "./link.js";

export interface Teller {
  /** What was told of last, or asked for. */
  readonly told: PictureLink;
  /** Notes what was asked for, which is not to be told of. @returns whether only the search is another than before */
  note(link: PictureLink): boolean;
  soon(): void;
  /** Tells at once: first of what is still to be told, then, after `change`, of what somebody may want to go back from. */
  push(change: () => void): void;
  /** Tells of what is still to be told. */
  flush(): void;
  /** Forgets what is still to be told. */
  cancel(): void;
}

/** How long after the last move, in ms. */
const settling = 250;

export function makeTeller(
  linkNow: () => PictureLink,
  changed: (link: PictureLink, how: "push" | "replace") => void,
): Teller {
  let told: PictureLink = { search: "" };
  let timer: ReturnType<typeof setTimeout> | undefined;

  function cancel(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function tell(how: "push" | "replace"): void {
    cancel();
    const link = linkNow();
    if (writeLink(link) === writeLink(told)) return;
    told = link;
    changed(link, how);
  }

  function flush(): void {
    if (timer !== undefined) tell("replace");
  }

  return {
    get told() {
      return told;
    },
    note(link) {
      const isSearch = writeLink({ ...link, search: "" }) === writeLink({ ...told, search: "" });
      told = link;
      return isSearch;
    },
    soon() {
      cancel();
      timer = setTimeout(() => tell("replace"), settling);
    },
    push(change) {
      flush();
      change();
      tell("push");
    },
    flush,
    cancel,
  };
}
