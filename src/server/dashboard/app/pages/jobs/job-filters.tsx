// Which jobs are listed: what is chosen stands in the page's address.
import { useEffect, useRef, useState } from "preact/hooks";
import { queueNames } from "../../../../../jobs/facts/index.js";
import { errorCodes } from "../../../../../terms/index.js";
import { kindNames } from "../../job-kinds.js";

/** The states as the API names them. */
const states = [
  ...["waiting", "active", "delayed", "prioritized", "waiting-children", "completed", "failed", "cancelled"],
];
/** Each as the parameter of the query, its label, and what can be chosen. */
const choices: readonly (readonly [name: string, label: string, options: readonly string[]])[] = [
  ["state", "State", states],
  ["queue", "Queue", queueNames],
  ["name", "Kind", kindNames],
  ["code", "Code", errorCodes],
];
/** How far back, as the API reads it. */
const ages = [
  ["1h", "the last hour"],
  ["24h", "the last 24 hours"],
  ["7d", "the last 7 days"],
] as const;

/** The parameters that choose. */
export const filterNames = [...choices.map(([name]) => name), "image", "since"];
/** How long after the last key the text is taken, in ms. */
const typing = 400;

/** Changes to the query; an empty text takes a parameter away. */
export type Changes = Readonly<Record<string, string>>;

export function JobFilters({ query, go }: { query: URLSearchParams; go: (changes: Changes) => void }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      {choices.map(([name, label, options]) => (
        <Choice
          key={name}
          label={label}
          value={query.get(name) ?? ""}
          options={options.map((option) => [option, option])}
          choose={(value) => go({ [name]: value, ...(name === "code" ? stateOfCode(value, query) : {}) })}
        />
      ))}
      <Choice
        label="When"
        value={query.get("since") ?? ""}
        options={ages}
        choose={(since) => go({ since })}
      />
      <ImageFilter value={query.get("image") ?? ""} choose={(image) => go({ image })} />
    </form>
  );
}

/** Jobs that failed with a code are failed, and cancelled ones are not: what can be done with them depends on it. */
function stateOfCode(code: string, query: URLSearchParams): Changes {
  if (code === "" || ["failed", "cancelled"].includes(query.get("state") ?? "")) return {};
  return { state: code === "CANCELLED" ? "cancelled" : "failed" };
}

function Choice(props: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  choose: (value: string) => void;
}) {
  const { label, value, options, choose } = props;
  // One of a link, such as a queue of a host's own.
  const isOther = value !== "" && options.every(([option]) => option !== value);
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">all</option>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
        {isOther && <option value={value}>{value}</option>}
      </select>
    </label>
  );
}

function ImageFilter({ value, choose }: { value: string; choose: (image: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Back and Forward change it, too.
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = (next: string, wait: number) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => choose(next.trim()), wait);
  };
  return (
    <label>
      Image
      <input
        type="search"
        value={text}
        placeholder="Whole id, or name…"
        onInput={({ currentTarget }) => take(currentTarget.value, typing)}
        onChange={({ currentTarget }) => take(currentTarget.value, 0)}
      />
    </label>
  );
}
