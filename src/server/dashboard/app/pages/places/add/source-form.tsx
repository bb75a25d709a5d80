// What becomes of an archive: images of their own, or a layer of a new one.
import { useId, useState } from "preact/hooks";
import type { JobRecord } from "../../../api-types.js";
import { ImportFields, JobForm, StoreFields } from "../../../forms/index.js";

/** The kind of the job. */
export type Into = "import" | "store";

const choices = [
  ["import", "Images: an archive of docker save, or an OCI layout"],
  ["store", "A layer: the files of one image"],
] as const;

/** @param of what is to be added, for those who hear it @param into chosen at first */
export function SourceForm(props: {
  source: Readonly<Record<string, string>>;
  of: string;
  into: Into | undefined;
  notYet?: string | undefined;
  onStart?: (job: JobRecord) => void;
}) {
  const { source, of, notYet, onStart } = props;
  const [chosen, setChosen] = useState<Into>();
  const group = useId();
  const into = chosen ?? props.into;
  return (
    <>
      <fieldset class="choices">
        <legend>What is in it?</legend>
        {choices.map(([value, text]) => (
          <label key={value}>
            <input type="radio" name={group} checked={into === value} onChange={() => setChosen(value)} />{" "}
            {text}
          </label>
        ))}
      </fieldset>
      {into === "import" && (
        <JobForm
          key="import"
          kind="import"
          label={`Import ${of}`}
          submit="Import"
          given={{ source }}
          {...{ notYet, onStart }}
        >
          <ImportFields />
        </JobForm>
      )}
      {into === "store" && (
        <JobForm
          key="store"
          kind="store"
          label={`Store ${of}`}
          submit="Store"
          given={{ layer: source }}
          {...{ notYet, onStart }}
        >
          <StoreFields />
        </JobForm>
      )}
    </>
  );
}
