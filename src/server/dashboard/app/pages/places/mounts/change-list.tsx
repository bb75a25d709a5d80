// What was changed in a mount, as docker diff tells it.
import type { ChangeKind } from "../../../../../../terms/index.js";
import { formatCount } from "../../../format.js";
import type { Change } from "./mount.js";

/** No more are shown: the list may have as many as the image has files. */
const most = 1_000;
/** The letters are those of docker diff. */
const words = {
  add: ["A", "added"],
  modify: ["C", "changed"],
  delete: ["D", "deleted"],
} as const satisfies Record<ChangeKind, readonly [letter: string, word: string]>;

export function ChangeList({ changes }: { changes: readonly Change[] }) {
  if (changes.length === 0) return <p class="muted">Nothing was changed.</p>;
  const counts = (["add", "modify", "delete"] as const)
    .map((kind) => [changes.filter((each) => each.kind === kind).length, words[kind][1]] as const)
    .filter(([count]) => count > 0);
  return (
    <>
      <p class="muted">{counts.map(([count, word]) => `${formatCount(count)} ${word}`).join(", ")}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section class="changes" tabIndex={0} aria-label="Changes">
        <ul class="plain mono">
          {changes.slice(0, most).map(({ kind, path }) => (
            <li key={path}>
              <abbr title={words[kind][1]}>{words[kind][0]}</abbr> {path}
            </li>
          ))}
        </ul>
        {changes.length > most && <p class="muted">and {formatCount(changes.length - most)} more</p>}
      </section>
    </>
  );
}
