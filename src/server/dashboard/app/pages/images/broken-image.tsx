// An image that cannot be loaded: what is wrong with it, what mends it, and its record as it lies there.
import { useState } from "preact/hooks";
import type { ImageFaults } from "../../api-types.js";
import { formatCount, formatSize, shortId } from "../../format.js";
import { ActionButton, CopyButton, Facts, Loaded, Notice } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { planDeletion } from "./deletion-plan.js";
import { DeleteDialog } from "./dialogs.js";
import { ImageNames } from "./image-names.js";

interface BrokenProps {
  readonly reference: string;
  readonly start: (name: string, data: object) => Promise<void>;
}

export function BrokenImage({ reference, start }: BrokenProps) {
  const faults = useResource<ImageFaults>(`images/${encodeURIComponent(reference)}/faults`);
  return (
    <Loaded resource={faults} of="faults">
      {(image) => (
        <>
          <Faults image={image} start={start} />
          {image.names.length > 0 && <ImageNames image={image} start={start} />}
          <section class="card">
            <h2>Record</h2>
            <Record image={image} />
          </section>
        </>
      )}
    </Loaded>
  );
}

function Faults({ image, start }: { image: ImageFaults; start: BrokenProps["start"] }) {
  const { id, names, directory, faults, childCount } = image;
  const [isAsked, setAsked] = useState(false);
  return (
    <>
      {faults.length === 0 && (
        <Notice kind="info">Nothing is wrong with it any more: load the page anew.</Notice>
      )}
      {faults.map(({ code, what, path, message, repair }) => (
        <section class="notice bad" role="alert" key={`${what} ${path}`}>
          <h2>
            {code}: {what}
          </h2>
          <p>{message}</p>
          <p>
            <code>{path}</code>
          </p>
          <p>
            <code>stevedore check --repair</code>{" "}
            {repair === null ? "leaves it as it is: people must decide." : `will ${repair}.`}
          </p>
        </section>
      ))}
      <section class="card">
        <Facts
          facts={[
            [
              "Id",
              <span key="id" class="long-id">
                <code>{id}</code> <CopyButton text={id} what="the id" />
              </span>,
            ],
            ["Directory", <code key="directory">{directory}</code>],
            ["Children", formatCount(childCount)],
          ]}
        />
        <ActionButton
          act={async () => setAsked(true)}
          kind="danger"
          label={`Delete the image ${shortId(id)}`}
        >
          Delete…
        </ActionButton>
        {isAsked && (
          <DeleteDialog
            plan={planDeletion([{ id, names, parent: null, childCount }])}
            act={() => start("delete", { id })}
            close={() => setAsked(false)}
          />
        )}
      </section>
    </>
  );
}

function Record({ image: { record, recordBytes } }: { image: ImageFaults }) {
  if (record === null) return <p class="muted">There is none that can be read.</p>;
  const isCut = recordBytes !== null && recordBytes > new TextEncoder().encode(record).length;
  return (
    <>
      {record === "" && <p class="muted">It is empty.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre class="json" tabIndex={0}>
        {record}
      </pre>
      {isCut && <p class="muted">The beginning of {formatSize(recordBytes)}.</p>}
    </>
  );
}
