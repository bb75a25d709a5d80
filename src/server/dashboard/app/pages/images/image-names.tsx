// The names of an image, each with what takes it away.
import type { ImageDetails } from "../../api-types.js";
import { ActionButton, CopyButton } from "../../parts/index.js";

export function ImageNames(props: {
  image: Pick<ImageDetails, "id" | "names">;
  start: (name: string, data: object) => Promise<void>;
}) {
  const { image, start } = props;
  const { id, names } = image;
  return (
    <section class="card">
      <h2>Names</h2>
      {names.length === 0 && <p class="muted">It has none.</p>}
      <ul class="plain names">
        {names.map((name) => (
          <li key={name}>
            <span class="long">{name}</span>
            <CopyButton text={name} what={`the name ${name}`} />
            <UntagButton name={name} isLast={names.length === 1} act={() => start("untag", { name, id })} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Asks where it is the last name of its image. */
export function UntagButton(props: { name: string; isLast: boolean; act: () => Promise<unknown> }) {
  const { name, isLast, act } = props;
  const question = {
    title: `Take away the last name of the image?`,
    text: (
      <>
        <p>
          <span class="long">{name}</span> is its only name. The image stays, but a collection of garbage may
          delete it then.
        </p>
      </>
    ),
    yes: "Untag",
  };
  return (
    <ActionButton act={act} kind="danger" label={`Untag ${name}`} {...(isLast && { question })}>
      Untag
    </ActionButton>
  );
}
