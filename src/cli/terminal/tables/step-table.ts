// The history of an image as a table, the last step first.
import type { HistoryStep } from "../../../listing/index.js";
import { shortId } from "../../../terms/index.js";
import { formatAge } from "../format.js";
import { namesColumn, sizeColumn } from "./image-table.js";
import { type ListView, openTable, type Table } from "./table.js";

/** How much of a command is shown, as by Docker. */
const commandWidth = 45;
/** What stands for the image of a step that made none, as in Docker. */
const noImage = "<missing>";
/** The widest of ids, times and ages. */
const widths = { whole: { id: 64, created: 35 }, short: { id: 12, created: 4 } };

/**
 * Opens the table of a history.
 * @param names of all its images
 */
export function openStepTable(names: Iterable<readonly string[]>, view: ListView): Table<HistoryStep> {
  const { isWhole, now } = view;
  const { id: ids, created: times } = isWhole ? widths.whole : widths.short;
  return openTable<HistoryStep>(
    [
      {
        ...{ heading: "IMAGE", widest: ids },
        cell: ({ id }) => (id === null ? noImage : isWhole ? id : shortId(id)),
      },
      {
        ...{ heading: isWhole ? "CREATED" : "AGE", widest: times, side: "right", rank: 2 },
        cell: ({ created }) => (isWhole ? (created ?? "-") : formatAge(Date.parse(created ?? ""), now)),
      },
      sizeColumn(1),
      { ...namesColumn(names), rank: 3 },
      {
        ...{ heading: "CREATED BY", widest: commandWidth, least: 16 },
        cell: ({ createdBy }) => (isWhole ? (createdBy ?? "") : shortened(createdBy ?? "")),
      },
      { heading: "COMMENT", widest: commandWidth, least: 10, rank: 4, cell: ({ comment }) => comment ?? "" },
    ],
    view,
  );
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= commandWidth ? text : `${characters.slice(0, commandWidth - 1).join("")}…`;
}
