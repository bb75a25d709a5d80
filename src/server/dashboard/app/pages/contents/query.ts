// The state of these pages, which lies in the query of their address.
import { navigate, pathOf, place, queryOf } from "../../router.js";

/** The query of the page that is shown. */
export function shownQuery(): URLSearchParams {
  return queryOf(place.value);
}

/** The address of the page that is shown with other parameters; `""` takes one away. */
export function withParameters(changes: Readonly<Record<string, string>>): string {
  const query = shownQuery();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") query.delete(name);
    else query.set(name, value);
  }
  return addressOf(query);
}

/** Opens or closes a directory of the tree. */
export function toggleOpen(path: string): void {
  const query = shownQuery();
  const open = query.getAll("open");
  query.delete("open");
  for (const each of open) if (each !== path) query.append("open", each);
  if (!open.includes(path)) query.append("open", path);
  navigate(addressOf(query), "replace");
}

function addressOf(query: URLSearchParams): string {
  const path = pathOf(place.value);
  return query.size === 0 ? path : `${path}?${query}`;
}
