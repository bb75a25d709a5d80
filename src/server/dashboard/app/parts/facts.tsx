// Names and values.
import type { ComponentChildren } from "preact";

/** Side by side, or with `large` as the figures at the head of a page. */
export function Facts({
  facts,
  large = false,
}: {
  facts: readonly (readonly [name: string, value: ComponentChildren])[];
  large?: boolean;
}) {
  return (
    <dl class={large ? "facts" : "pairs"}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
