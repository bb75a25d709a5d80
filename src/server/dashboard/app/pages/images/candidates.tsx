// The images that an ambiguous beginning of an id may mean.
import type { ImageWindow } from "../../api-types.js";
import { formatCount, formatSize } from "../../format.js";
import { Loaded } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { pathOfImage } from "./columns.js";

/** How many of them are listed. */
const most = 50;

export function Candidates({ prefix }: { prefix: string }) {
  const query = new URLSearchParams({ prefix, sort: "name", limit: String(most) });
  const found = useResource<ImageWindow>(`images?${query}`);
  return (
    <section class="card">
      <h2>Images that begin so</h2>
      <Loaded resource={found} of="images">
        {({ images, total }) => (
          <>
            <ul class="plain">
              {images.map(({ id, names, comment, layerBytes, broken }) => (
                <li key={id}>
                  {names.length > 0 && <strong class="long">{names.join(", ")} </strong>}
                  <a class="mono" href={pathOfImage(id)}>
                    {id}
                  </a>{" "}
                  <span class="muted">{broken === undefined ? formatSize(layerBytes) : broken.code}</span>{" "}
                  {comment}
                </li>
              ))}
            </ul>
            {total > images.length && <p class="muted">and {formatCount(total - images.length)} more</p>}
          </>
        )}
      </Loaded>
    </section>
  );
}
