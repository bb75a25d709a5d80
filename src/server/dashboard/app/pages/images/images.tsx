// All images as a list: sorted, filtered, and any number of them chosen to do something with.
import type { ImageRow, ImageWindow } from "../../api-types.js";
import { formatCount, shortId } from "../../format.js";
import { picturedNames } from "../../job-kinds.js";
import { Grid, type GridColumn, useWindow } from "../../lists/index.js";
import { useJobEvents } from "../../live-jobs.js";
import { Loaded } from "../../parts/index.js";
import { navigate, place, queryOf } from "../../router.js";
import { mayAct } from "../../session.js";
import { useTitle } from "../../title.js";
import { BulkBar } from "./bulk-bar.js";
import { imageColumns } from "./columns.js";
import { ImageFilters } from "./filters.js";
import { addressOf, type ListQuery, pathOfList, readQuery, sortedBy } from "./query.js";
import { type Selection, useSelection } from "./selection.js";

const rowsOf = ({ images }: ImageWindow) => images;

export function ImagesPage() {
  useTitle("Images");
  const query = readQuery(queryOf(place.value));
  const path = pathOfList(query);
  const list = useWindow<ImageRow, ImageWindow>(path, rowsOf);
  const selection = useSelection(list, path, JSON.stringify(query.filters));
  useJobEvents(
    "images",
    ({ name, state }) => state === "completed" && (name === undefined || picturedNames.includes(name)),
    list.reload,
  );
  const change = (next: ListQuery, isTyping = false) =>
    navigate(addressOf(next), isTyping ? "replace" : "push");
  const isFiltered = Object.keys(query.filters).length > 0;
  const maySelect = mayAct();
  const columns = maySelect
    ? [checkboxColumn(selection, list.total ?? 0, isFiltered), ...imageColumns]
    : imageColumns;
  return (
    <>
      <div class="heading">
        <h1>Images</h1>
        <p class="muted" role="status">
          {list.total !== undefined && `${formatCount(list.total)} ${isFiltered ? "match" : "in all"}`}
        </p>
      </div>
      <ImageFilters query={query} change={change} />
      <Loaded
        resource={{ data: list.total, error: list.error }}
        of="images"
        isEmpty={(total) => total === 0}
        empty={isFiltered ? "No image matches these filters." : "There are no images yet."}
      >
        {() => (
          <Grid
            label="Images"
            kind={maySelect ? "images selectable" : "images"}
            list={list}
            columns={columns}
            sort={{ by: query.sort, isDescending: query.isDescending }}
            onSort={(by) => change(sortedBy(query, by))}
            isSelected={maySelect ? selection.has : undefined}
            rowClass={({ broken }) => (broken === undefined ? undefined : "broken")}
          />
        )}
      </Loaded>
      <BulkBar selection={selection} onStart={list.reload} />
    </>
  );
}

function checkboxColumn(selection: Selection, total: number, isFiltered: boolean): GridColumn<ImageRow> {
  const { count, has, toggle, toggleAll } = selection;
  return {
    key: "choice",
    title: "Select",
    head: (
      <input
        type="checkbox"
        checked={count > 0 && count === total}
        indeterminate={count > 0 && count < total}
        onChange={toggleAll}
        aria-label={`Select all ${formatCount(total)}${isFiltered ? " that match" : ""}`}
      />
    ),
    cell: (row, index) => (
      <input
        type="checkbox"
        checked={has(row)}
        aria-label={`Select ${row.names[0] ?? shortId(row.id)}`}
        onClick={(event) => void toggle(row, index, event.shiftKey)}
      />
    ),
  };
}
