// Inside an image: its layers with what made them, the files as a tree, and what is wasted.
import type { ImageDetails } from "../../api-types.js";
import { formatCount, formatSize, shortId } from "../../format.js";
import { Facts, Loaded } from "../../parts/index.js";
import { type Resource, useResource } from "../../resource.js";
import { navigate } from "../../router.js";
import { useTitle } from "../../title.js";
import type { LayerStep, Waste } from "./answers.js";
import { FilePreview } from "./file-preview.js";
import { FileTree } from "./file-tree.js";
import { shownQuery, withParameters } from "./query.js";

/** How many of the worst files are shown. */
const mostWasted = 20;

export function ImageFilesPage({ reference }: { reference: string }) {
  const path = `images/${encodeURIComponent(reference)}`;
  const image = useResource<ImageDetails>(path);
  const layers = useResource<{ layers: readonly LayerStep[] }>(`${path}/layers`);
  const waste = useResource<Waste>(`${path}/waste?limit=${mostWasted}`);
  const query = shownQuery();
  const [layer, search, file] = ["layer", "search", "file"].map((name) => query.get(name) ?? "");
  const shown = image.data?.names[0] ?? shortId(image.data?.id ?? reference);
  useTitle(`Files of ${shown}`);
  return (
    <>
      <div class="heading">
        <h1>
          Inside <span class="mono">{shown}</span>
        </h1>
        <div class="actions">
          <a href={`/${path}`}>The image</a>
          <a href={`/compare?a=${encodeURIComponent(reference)}`}>Compare</a>
        </div>
      </div>
      <WasteFacts waste={waste} />
      <div class="inside">
        <section class="card" aria-label="Layers">
          <h2>Layers</h2>
          <Loaded resource={layers} of="layers">
            {({ layers: steps }) => <Layers steps={steps} layer={layer ?? ""} waste={waste.data} />}
          </Loaded>
        </section>
        <section class="card" aria-label="Files">
          <div class="heading">
            <h2>{layer ? `What the layer ${shortId(layer)} does` : "Files of all layers"}</h2>
            <input
              type="search"
              aria-label="Search in the paths"
              placeholder="Search in the paths"
              value={search}
              onInput={({ currentTarget }) => {
                navigate(withParameters({ search: currentTarget.value }), "replace");
              }}
            />
          </div>
          <FileTree key={`${layer} ${search}`} image={reference} layer={layer ?? ""} search={search ?? ""} />
        </section>
      </div>
      {file && <FilePreview image={layer || reference} path={file} />}
      <WastedFiles waste={waste} />
    </>
  );
}

function WasteFacts({ waste }: { waste: Resource<Waste> }) {
  return (
    <Loaded resource={waste} of="waste">
      {({ efficiency, totalBytes, wastedBytes, count }) => (
        <Facts
          large
          facts={[
            ["Bytes of all layers", formatSize(totalBytes)],
            ["Wasted", formatSize(wastedBytes)],
            ["Paths that waste", formatCount(count)],
            // Rounded down: only what wastes nothing has 100 %.
            ["Efficiency", `${(Math.floor(efficiency * 1_000) / 10).toFixed(1)} %`],
          ]}
        />
      )}
    </Loaded>
  );
}

function Layers(props: { steps: readonly LayerStep[]; layer: string; waste: Waste | undefined }) {
  const { steps, layer, waste } = props;
  const wasted = new Map(waste?.layers.map(({ id, wastedBytes }) => [id, wastedBytes]));
  const to = (id: string) => withParameters({ layer: id, file: "" });
  return (
    <ol class="plain layers">
      <li>
        <a href={to("")} aria-current={layer === "" ? "true" : undefined}>
          All layers
        </a>
      </li>
      {steps.map(({ layer: id, createdBy, comment, layerBytes }, at) => {
        const command = createdBy ?? comment ?? "";
        const bytes = id === null ? 0 : (wasted.get(id) ?? 0);
        return (
          <li key={`${id} ${steps.length - at}`}>
            {id === null ? (
              <span class="muted">no layer</span>
            ) : (
              <>
                <a class="mono" href={to(id)} aria-current={layer === id ? "true" : undefined} title={id}>
                  {shortId(id)}
                </a>{" "}
                {formatSize(layerBytes)}
                {bytes > 0 && <span class="wasted">, {formatSize(bytes)} wasted</span>}
              </>
            )}
            {command !== "" && (
              <code class="command" title={command}>
                {command}
              </code>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function WastedFiles({ waste }: { waste: Resource<Waste> }) {
  const { files = [], count = 0 } = waste.data ?? {};
  if (files.length === 0) return null;
  return (
    <section class="card" aria-label="Wasted">
      <h2>Wasted most</h2>
      <p class="muted">Files that a later layer replaces or deletes are stored, and never seen.</p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Wasted</th>
              <th scope="col">Times</th>
              <th scope="col">Path</th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ path, bytes, times, isGone }) => (
              <tr key={path}>
                <td>{formatSize(bytes)}</td>
                <td>{formatCount(times)}</td>
                <td class="path">
                  <span class="mono">{path}</span> {isGone ? "deleted" : "replaced"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {count > files.length && <p class="muted">and {formatCount(count - files.length)} more</p>}
    </section>
  );
}
