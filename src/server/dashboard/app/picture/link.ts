// What of a picture stands in a link to it: the selected image, the part in view, and what is searched for.

/** A part of the layout in view. */
export interface LinkedView {
  /** The point in the middle of the window, in the layout's lengths. */
  readonly x: number;
  readonly y: number;
  /** Pixels of the page for each of the layout. */
  readonly k: number;
  /** The shape that was laid out, see `Layout`: another window would lay the images out otherwise. */
  readonly shape: number;
}

export interface PictureLink {
  /** An id, a name, or the beginning of one id; undefined: nothing is selected. */
  readonly selected?: string | undefined;
  /** Undefined: the whole graph, or where something is selected that. */
  readonly view?: LinkedView | undefined;
  /** The text that is searched for. */
  readonly search: string;
}

/** Reads a query; what is no number counts as not there. */
export function readLink(query: URLSearchParams): PictureLink {
  const number = (name: string) => Number.parseFloat(query.get(name) ?? "");
  const view = { x: number("x"), y: number("y"), k: number("k"), shape: number("shape") };
  const isView = Object.values(view).every(Number.isFinite) && view.k > 0 && view.shape > 0;
  return {
    selected: query.get("selected") || undefined,
    view: isView ? view : undefined,
    search: query.get("q") ?? "",
  };
}

/** The same as a query with its question mark, or nothing. */
export function writeLink({ selected, view, search }: PictureLink): string {
  const query = new URLSearchParams();
  if (selected !== undefined) query.set("selected", selected);
  if (view !== undefined) {
    query.set("x", view.x.toFixed(0));
    query.set("y", view.y.toFixed(0));
    query.set("k", view.k.toPrecision(4));
    query.set("shape", view.shape.toFixed(3));
  }
  if (search !== "") query.set("q", search);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}
