// A step in the history of an image as a row for people.
import type { HistoryStep } from "../../listing/index.js";
import { shortId } from "../../terms/index.js";
import { bytesWidth, formatBytes, formatRow } from "./format.js";
import { namesCell, namesWidth } from "./summary-row.js";

/** How much of a command is shown, as by Docker. */
const commandWidth = 45;
/** What stands for the image of a step that made none, as in Docker. */
const noImage = "<missing>";

/**
 * The header of a history for people, and a function for its rows.
 * @param names of all its images
 * @param options isWhole shows ids, times and commands without shortening them
 */
export function stepColumns(
  names: Iterable<readonly string[]>,
  { isWhole }: { readonly isWhole: boolean },
): { readonly header: string; readonly line: (step: HistoryStep) => string } {
  const namesColumn = Math.max(namesWidth(names), "NAMES".length);
  const widths = isWhole
    ? [64, 35, bytesWidth, namesColumn, commandWidth]
    : [12, 19, bytesWidth, namesColumn, commandWidth];
  const cells = ({ id, created, createdBy, layerBytes, names: own, comment }: HistoryStep) => [
    id === null ? noImage : isWhole ? id : shortId(id),
    (isWhole ? created : created?.slice(0, 19)) ?? "-",
    formatBytes(layerBytes),
    namesCell(own),
    isWhole ? (createdBy ?? "") : shortened(createdBy ?? ""),
    comment ?? "",
  ];
  return {
    header: formatRow(["IMAGE", "CREATED", "SIZE", "NAMES", "CREATED BY", "COMMENT"], widths),
    line: (step) => formatRow(cells(step), widths),
  };
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= commandWidth ? text : `${characters.slice(0, commandWidth - 1).join("")}…`;
}
