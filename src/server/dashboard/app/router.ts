// Which page is shown: links of the app change the path without loading it anew.
import { signal } from "@preact/signals";
import { matchPath } from "./match-path.js";

/** The path with its query, as the address bar shows it. */
export const place = signal(location.pathname + location.search);

/** Goes to a page of the app. `replace` leaves no trace in the history: for a filter that changed. */
export function navigate(to: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", to);
  else history.replaceState(null, "", to);
  const isOtherPage = pathOf(to) !== pathOf(place.value);
  place.value = to;
  if (!isOtherPage) return;
  scrollTo(0, 0);
  // As after the load of a page, the keyboard begins at the content, and a screen reader reads its heading.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("main")?.focus());
}

/** Begins to follow links and the buttons of the browser. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    place.value = location.pathname + location.search;
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.target !== "" || link.hasAttribute("download")) return;
    const { origin, pathname, search, hash } = link;
    if (origin !== location.origin || hash !== "" || matchPath(pathname) === undefined) return;
    event.preventDefault();
    navigate(pathname + search);
  });
}

/** The path without its query. */
export function pathOf(to: string): string {
  return to.split("?", 1)[0] ?? "/";
}

/** The query of the page that is shown. */
export function queryOf(to: string): URLSearchParams {
  return new URLSearchParams(to.slice(pathOf(to).length));
}
