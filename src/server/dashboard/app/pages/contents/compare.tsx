// Two images compared: their configs, how they came about, and their files.
import type { ImageDetails } from "../../api-types.js";
import { shortId } from "../../format.js";
import { Loaded } from "../../parts/index.js";
import { useResource } from "../../resource.js";
import { navigate } from "../../router.js";
import { useTitle } from "../../title.js";
import type { LayerStep } from "./answers.js";
import { ChangedFiles } from "./changed-files.js";
import { differingFields, sharedSteps } from "./compare-records.js";
import { shownQuery, withParameters } from "./query.js";

export function ComparePage() {
  const query = shownQuery();
  const [a, b] = [query.get("a") ?? "", query.get("b") ?? ""];
  useTitle(a && b ? `${shortId(a)} and ${shortId(b)}` : "Compare");
  return (
    <>
      <h1>Compare two images</h1>
      <form
        key={`${a} ${b}`}
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          const [first, second] = [String(given.get("a")).trim(), String(given.get("b")).trim()];
          navigate(withParameters({ a: first, b: second, kind: "", search: "" }));
        }}
      >
        <label>
          First image
          <input name="a" defaultValue={a} required placeholder="id or name" />
        </label>
        <label>
          Second image
          <input name="b" defaultValue={b} required placeholder="id or name" />
        </label>
        <button type="submit" class="primary">
          Compare
        </button>
        {a && b && <a href={withParameters({ a: b, b: a })}>Swap</a>}
      </form>
      {a && b ? <Compared a={a} b={b} /> : <p class="muted">Name two images by their ids or names.</p>}
    </>
  );
}

function Compared({ a, b }: { a: string; b: string }) {
  const [first, second] = [a, b].map((ref) => `images/${encodeURIComponent(ref)}`) as [string, string];
  const one = useResource<ImageDetails>(first);
  const other = useResource<ImageDetails>(second);
  const steps = useResource<{ layers: readonly LayerStep[] }>(`${first}/layers`);
  const otherSteps = useResource<{ layers: readonly LayerStep[] }>(`${second}/layers`);
  const titles = [titleOf(one.data, a), titleOf(other.data, b)] as const;
  return (
    <>
      <section class="card" aria-label="Config">
        <h2>Config</h2>
        <Loaded resource={both(one, other)} of="configs">
          {([was, is]) => <Config fields={differingFields(was.record, is.record)} titles={titles} />}
        </Loaded>
      </section>
      <section class="card" aria-label="History">
        <h2>History</h2>
        <Loaded resource={both(steps, otherSteps)} of="histories">
          {([was, is]) => <History was={was.layers} is={is.layers} titles={titles} />}
        </Loaded>
      </section>
      <ChangedFiles a={a} b={b} />
    </>
  );
}

type Asked<T> = Pick<ReturnType<typeof useResource<T>>, "data" | "error">;

/** Two resources as one, which is there when both are. */
function both<T>(one: Asked<T>, other: Asked<T>): Asked<[T, T]> {
  const isThere = one.data !== undefined && other.data !== undefined;
  return {
    data: isThere ? [one.data as T, other.data as T] : undefined,
    error: one.error ?? other.error,
  };
}

function titleOf(image: ImageDetails | undefined, reference: string): string {
  return image?.names[0] ?? shortId(image?.id ?? reference);
}

function Config(props: { fields: ReturnType<typeof differingFields>; titles: readonly [string, string] }) {
  const { fields, titles } = props;
  if (fields.length === 0) return <p class="muted">The configs say the same.</p>;
  return (
    <div class="scroll">
      <table class="compared">
        <thead>
          <tr>
            <th scope="col">Field</th>
            {titles.map((title, at) => (
              <th scope="col" key={at === 0 ? "a" : "b"}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fields.map(({ name, was, is }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Value value={was} />
              </td>
              <td>
                <Value value={is} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Value({ value }: { value: string | undefined }) {
  return value === undefined ? <span class="muted">–</span> : <code>{value}</code>;
}

function History(props: {
  was: readonly LayerStep[];
  is: readonly LayerStep[];
  titles: readonly [string, string];
}) {
  const { was, is, titles } = props;
  const shared = sharedSteps(was, is);
  const lists = [was, is].map((steps) => steps.slice(0, steps.length - shared));
  return (
    <>
      <p class="muted">
        {shared === 0
          ? "They share no step."
          : `The first ${shared === 1 ? "step is" : `${shared} steps are`} the same.`}
      </p>
      <div class="columns">
        {lists.map((steps, at) => (
          <div key={at === 0 ? "a" : "b"}>
            <h3>{titles[at]}</h3>
            {steps.length === 0 && <p class="muted">No further step.</p>}
            <ol class="plain layers">
              {steps.map(({ layer, createdBy, comment, created }, place) => (
                <li key={`${layer} ${steps.length - place}`}>
                  {layer === null ? (
                    <span class="muted">no layer</span>
                  ) : (
                    <a class="mono" href={`/images/${encodeURIComponent(layer)}`} title={layer}>
                      {shortId(layer)}
                    </a>
                  )}{" "}
                  <span class="muted">{created}</span>
                  <code class="command">{createdBy ?? comment ?? ""}</code>
                </li>
              ))}
            </ol>
          </div>
        ))}
      </div>
    </>
  );
}
