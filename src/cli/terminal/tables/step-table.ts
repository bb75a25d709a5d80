// The history of an image as a table, the last step first.
import type { HistoryStep } from "../../../listing/index.js";
import { shortId } from "../../../terms/index.js";
import { formatAge } from "../format.js";
import { namesColumn, sizeColumn } from "./image-table.js";
import { type ListView, tableLines } from "./table.js";

/** How much of a command is shown, as by Docker. */
const commandWidth = 45;
/** What stands for the image of a step that made none, as in Docker. */
const noImage = "<missing>";

/** The lines of the table. */
export function stepLines(steps: readonly HistoryStep[], view: ListView): string[] {
  const { isWhole, now } = view;
  return tableLines(
    [
      { heading: "IMAGE", cell: ({ id }) => (id === null ? noImage : isWhole ? id : shortId(id)) },
      {
        ...{ heading: isWhole ? "CREATED" : "AGE", side: "right", rank: 2 },
        cell: ({ created }) => (isWhole ? (created ?? "-") : formatAge(Date.parse(created ?? ""), now)),
      },
      sizeColumn(1),
      { ...namesColumn(steps.map(({ names }) => names)), rank: 3 },
      {
        ...{ heading: "CREATED BY", least: 16, wanted: 30, usual: commandWidth },
        cell: ({ createdBy }) => (isWhole ? (createdBy ?? "") : shortened(createdBy ?? "")),
      },
      { heading: "COMMENT", least: 10, rank: 4, cell: ({ comment }) => comment ?? "" },
    ],
    view,
    steps,
  );
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= commandWidth ? text : `${characters.slice(0, commandWidth - 1).join("")}…`;
}
