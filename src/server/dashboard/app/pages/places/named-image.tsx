// An image as a link, with what it is called.
import type { ImageSummary } from "../../api-types.js";
import { shortId } from "../../format.js";
import { useResource } from "../../resource.js";

/** Asks the server for its names, or where it has none for its comment. */
export function NamedImage({ id }: { id: string }) {
  const query = new URLSearchParams({ prefix: id, limit: "1" });
  const { data } = useResource<{ images: readonly ImageSummary[] }>(`images?${query}`);
  const image = data?.images.find((each) => each.id === id);
  const names = image?.names ?? [];
  return (
    <>
      <a class="mono" href={`/images/${encodeURIComponent(id)}`} title={id}>
        {shortId(id)}
      </a>{" "}
      {names.length > 0 ? names.join(", ") : <span class="muted">{image?.comment}</span>}
    </>
  );
}
