// What the list of images is asked, as it stands in the address of the page and as the API takes it.

/** The filters that take one of a few values, with the words for each. */
export const choices = {
  named: { label: "Names", true: "named", false: "unnamed" },
  checked: { label: "Checksum", true: "stored", false: "unchecked" },
  mounted: { label: "Mounts", true: "mounted", false: "not mounted" },
  broken: { label: "State", true: "broken", false: "whole" },
  head: { label: "Children", true: "heads (none)", false: "with children" },
} as const;
export type Choice = keyof typeof choices;
export const choiceNames = Object.keys(choices) as Choice[];

/** The filters that are ranges. Days are of the reader's own time zone, and the last one counts. */
export const ranges = ["minBytes", "maxBytes", "createdSince", "createdBefore"] as const;
const filters = ["text", ...choiceNames, ...ranges] as const;
export type Filter = (typeof filters)[number];

export const sorts = ["name", "id", "size", "total", "created", "checksum", "mounts", "parent"] as const;
const descendingFirst = ["size", "total", "created", "mounts"];

export interface ListQuery {
  readonly filters: Readonly<Partial<Record<Filter, string>>>;
  readonly sort: string;
  readonly isDescending: boolean;
}

/** The newest images come first unless the address says otherwise. */
export function readQuery(query: URLSearchParams): ListQuery {
  const sort = query.get("sort") ?? "";
  const known = (sorts as readonly string[]).includes(sort) ? sort : "created";
  const direction = query.get("direction");
  return {
    filters: Object.fromEntries(
      filters.flatMap((name) => {
        const value = query.get(name);
        return value ? [[name, value]] : [];
      }),
    ),
    sort: known,
    isDescending: direction === null ? descendingFirst.includes(known) : direction === "desc",
  };
}

/** The query of the page's address; empty for how it is without one. */
export function addressOf({ filters: given, sort, isDescending }: ListQuery): string {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ""));
  const isUsual = isDescending === descendingFirst.includes(sort);
  if (sort !== "created" || !isUsual) query.set("sort", sort);
  if (!isUsual) query.set("direction", isDescending ? "desc" : "asc");
  return query.size === 0 ? "/images" : `/images?${query}`;
}

/** The path of the API. */
export function pathOfList({ filters: given, sort, isDescending }: ListQuery): string {
  const query = new URLSearchParams({ sort, direction: isDescending ? "desc" : "asc" });
  for (const [name, value] of Object.entries(given)) {
    const asked =
      name === "createdSince" ? dayAt(value, 0) : name === "createdBefore" ? dayAt(value, 1) : value;
    if (asked !== "") query.set(name, asked);
  }
  return `images?${query}`;
}

/** What the list is when its head `by` is pressed. */
export function sortedBy(query: ListQuery, by: string): ListQuery {
  const isDescending = query.sort === by ? !query.isDescending : descendingFirst.includes(by);
  return { ...query, sort: by, isDescending };
}

/** The midnight that begins a day, or one that follows; empty for what is no day. */
function dayAt(day: string, later: number): string {
  const [year = Number.NaN, month = 1, date = 1] = day.split("-").map(Number);
  const time = new Date(year, month - 1, date + later);
  return Number.isNaN(time.getTime()) ? "" : time.toISOString();
}
