// What was found, in groups, as the list below the search field offers it.
import type { FoundImage, SearchAnswer } from "./api-types.js";
import { formatCount, shortId } from "./format.js";
import { pathOfJob } from "./parts/index.js";

export interface SearchOption {
  /** What it is called. */
  readonly title: string;
  /** What tells it from others of that title. */
  readonly detail: string;
  /** Where it leads. */
  readonly to: string;
  /** The image that it is, if it is one. */
  readonly image?: string;
}

export interface OptionGroup {
  readonly title: string;
  readonly options: readonly SearchOption[];
}

const groups = [
  ["name", "Names"],
  ["id", "Ids"],
  ["comment", "Comments"],
] as const;

export function optionGroups({ images, total, jobs }: SearchAnswer, text: string): OptionGroup[] {
  const found = groups.map(([match, title]) => ({
    title,
    options: images.filter((image) => image.match === match).map(imageOption),
  }));
  const more = total - images.length;
  return [
    ...found,
    { title: "Jobs", options: (jobs ?? []).map(jobOption) },
    {
      title: "More",
      options:
        more > 0
          ? [
              {
                title: "Show all that was found",
                detail: `${formatCount(more)} more images`,
                to: searchPath(text),
              },
            ]
          : [],
    },
  ].filter(({ options }) => options.length > 0);
}

/** The page that lists all that is found for a text. */
export function searchPath(text: string): string {
  return `/search?${new URLSearchParams({ q: text })}`;
}

export function imagePath(id: string): string {
  return `/images/${encodeURIComponent(id)}`;
}

function imageOption({ id, names, comment, match }: FoundImage): SearchOption {
  const [name, ...others] = names;
  const title = match === "id" ? shortId(id) : match === "comment" ? (comment ?? "") : names.join(", ");
  const rest =
    match === "id" ? [name ?? comment, ...others] : match === "comment" ? [name, shortId(id)] : [shortId(id)];
  return { title, detail: rest.filter(Boolean).join(", "), to: imagePath(id), image: id };
}

function jobOption(job: NonNullable<SearchAnswer["jobs"]>[number]): SearchOption {
  return { title: `${job.name}, ${job.state}`, detail: shortId(job.id), to: pathOfJob(job) };
}
