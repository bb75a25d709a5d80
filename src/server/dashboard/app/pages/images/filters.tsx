// The filters of the list of images, and how it is sorted where it has no heads to press.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Choice, choiceNames, choices, type Filter, type ListQuery, ranges, sorts } from "./query.js";

const sortNames: Readonly<Record<string, string>> = {
  ...{ name: "Name", id: "Id", size: "Layer", total: "With ancestors", created: "Created" },
  ...{ checksum: "Checksum", mounts: "Mounts", parent: "Parent" },
};
/** How long who types is waited for, in ms. */
const pause = 250;
const MiB = 1024 ** 2;

export interface FiltersProps {
  readonly query: ListQuery;
  /** @param isTyping whether it is of no interest to the browser's history */
  readonly change: (query: ListQuery, isTyping?: boolean) => void;
}

export function ImageFilters({ query, change }: FiltersProps) {
  const set = (name: Filter, value: string, isTyping = false) =>
    change({ ...query, filters: { ...query.filters, [name]: value } }, isTyping);
  const isFiltered = Object.keys(query.filters).length > 0;
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <TextFilter value={query.filters.text ?? ""} set={(value) => set("text", value, true)} />
      {choiceNames.map((name) => (
        <ChoiceFilter
          key={name}
          name={name}
          value={query.filters[name] ?? ""}
          set={(value) => set(name, value)}
        />
      ))}
      <details open={ranges.some((name) => query.filters[name] !== undefined)}>
        <summary>Size and age</summary>
        <div class="filters">
          <SizeFilter label="Layer from (MiB)" name="minBytes" query={query} set={set} />
          <SizeFilter label="Layer to (MiB)" name="maxBytes" query={query} set={set} />
          <DayFilter label="Created from" name="createdSince" query={query} set={set} />
          <DayFilter label="Created to" name="createdBefore" query={query} set={set} />
        </div>
      </details>
      <label class="sorting">
        Sort by
        <select
          aria-label="Sort by"
          value={`${query.sort} ${query.isDescending ? "desc" : "asc"}`}
          onChange={({ currentTarget }) => {
            const [sort = "", direction] = currentTarget.value.split(" ");
            change({ ...query, sort, isDescending: direction === "desc" });
          }}
        >
          {sorts.flatMap((sort) =>
            (["asc", "desc"] as const).map((direction) => (
              <option key={`${sort} ${direction}`} value={`${sort} ${direction}`}>
                {sortNames[sort]} {direction === "asc" ? "▲" : "▼"}
              </option>
            )),
          )}
        </select>
      </label>
      {isFiltered && (
        <button type="button" onClick={() => change({ ...query, filters: {} })}>
          Show all
        </button>
      )}
    </form>
  );
}

/** Follows the address, and tells of itself once nothing more is typed. */
function TextFilter({ value, set }: { value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Another filter may be chosen before the text is told.
  const latest = useRef(set);
  latest.current = set;
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="text">
      Search
      <input
        type="search"
        placeholder="name, id, comment"
        value={text}
        onInput={({ currentTarget }) => {
          const typed = currentTarget.value;
          setText(typed);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => latest.current(typed.trim()), pause);
        }}
      />
    </label>
  );
}

function ChoiceFilter(props: { name: Choice; value: string; set: (value: string) => void }) {
  const { name, value, set } = props;
  const { label, true: yes, false: no } = choices[name];
  return (
    <label>
      {label}
      <select aria-label={label} value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
        <option value="">all</option>
        <option value="true">{yes}</option>
        <option value="false">{no}</option>
      </select>
    </label>
  );
}

interface RangeProps {
  readonly label: string;
  readonly name: Filter;
  readonly query: ListQuery;
  readonly set: (name: Filter, value: string) => void;
}

function SizeFilter({ label, name, query, set }: RangeProps) {
  const bytes = query.filters[name];
  return (
    <label>
      {label}
      <input
        type="number"
        min={0}
        step="any"
        value={bytes === undefined ? "" : Number(bytes) / MiB}
        onChange={({ currentTarget: { value } }) =>
          set(name, value === "" ? "" : String(Math.round(Number(value) * MiB)))
        }
      />
    </label>
  );
}

function DayFilter({ label, name, query, set }: RangeProps) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={query.filters[name] ?? ""}
        onChange={({ currentTarget }) => set(name, currentTarget.value)}
      />
    </label>
  );
}
