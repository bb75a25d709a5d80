// The checksums of an image, by recipe, each with the line of shell by which anyone checks it.
import type { Checksum } from "../../api-types.js";
import { formatSize } from "../../format.js";
import { CopyButton } from "../../parts/index.js";

export function ImageChecksums({ checksums }: { checksums: Readonly<Record<string, Checksum>> }) {
  const recipes = Object.entries(checksums);
  return (
    <section class="card">
      <h2>Checksums</h2>
      {recipes.length === 0 && <p class="muted">None is stored.</p>}
      {recipes.map(([recipe, { checksum, archiveBytes, computedAt, shellLine }]) => (
        <article key={recipe} aria-label={`Checksum by the recipe ${recipe}`}>
          <p>
            <strong>{recipe}</strong>{" "}
            <span class="muted">
              {[...(archiveBytes === null ? [] : [formatSize(archiveBytes)]), computedAt ?? ""].join(" · ")}
            </span>
          </p>
          <p>
            <code>{checksum}</code> <CopyButton text={checksum} what={`the checksum by ${recipe}`} />
          </p>
          {shellLine !== null && (
            <>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
              <pre class="line" tabIndex={0}>
                {shellLine}
              </pre>
              <CopyButton text={shellLine} what={`the shell line that checks ${recipe}`} />
            </>
          )}
        </article>
      ))}
    </section>
  );
}
