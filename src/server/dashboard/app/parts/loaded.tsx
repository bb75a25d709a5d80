// A part of a page that the server fills: it waits, it has failed, there is nothing, or there is something to show.
import type { ComponentChildren, JSX } from "preact";
import type { Resource } from "../resource.js";
import { ErrorNotice } from "./notice.js";

/**
 * Shows the four states of a resource apart: nothing is said to be empty before the server has said so. What was there
 * before an error stays, below the error.
 * @param of what is loaded, for those who wait: `Loading the mounts…`
 * @param isEmpty whether there is nothing to show; then `empty` is
 */
export function Loaded<T>(props: {
  resource: Pick<Resource<T>, "data" | "error">;
  of: string;
  isEmpty?: (data: T) => boolean;
  empty?: ComponentChildren;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { resource, of, isEmpty, empty, children } = props;
  const { data, error } = resource;
  return (
    <>
      <ErrorNotice error={error} />
      {data === undefined && error === undefined && (
        <p class="muted" role="status">
          Loading the {of}…
        </p>
      )}
      {data !== undefined && (isEmpty?.(data) ? <p class="muted">{empty}</p> : children(data))}
    </>
  );
}
