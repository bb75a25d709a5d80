// The fields of a collection of garbage.
import { NumberField } from "../field.js";

/** @param at what comes before the names of the fields @param onInput called when one changes */
export function GcFields({ at = "", onInput }: { at?: string; onInput?: () => void }) {
  const also = onInput === undefined ? {} : { onInput };
  return (
    <>
      <NumberField
        {...also}
        name={`${at}olderMs`}
        label="Older than, in days"
        as="days"
        step="any"
        hint="What came into the graph later stays"
      />
      <NumberField
        {...also}
        name={`${at}keep`}
        label="Keep the newest"
        hint="So many heads that nothing needs stay, with their ancestors"
      />
    </>
  );
}
