// What a page does with the search in the header, besides what it does everywhere.
import { signal } from "@preact/signals";

/** A page that shows images itself: it reads the text from its address (`q`), as it is typed. */
export interface PageSearch {
  /** Goes to the next image that matches, or the one before. */
  step(by: 1 | -1): void;
  /** Shows an image that was chosen. */
  select(id: string): void;
}

/** Undefined on pages that have no use for it. */
export const pageSearch = signal<PageSearch | undefined>(undefined);
