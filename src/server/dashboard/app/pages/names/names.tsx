// All names of images, what they stand for, and what gives and takes them.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JobRecord, NameRow, NameWindow } from "../../api-types.js";
import { formatCount, formatTime, shortId } from "../../format.js";
import { picturedNames } from "../../job-kinds.js";
import { Grid, type GridColumn, useWindow } from "../../lists/index.js";
import { useJobEvents } from "../../live-jobs.js";
import { CopyButton, LiveJob, Loaded, startJob } from "../../parts/index.js";
import { navigate, place, queryOf } from "../../router.js";
import { mayAct } from "../../session.js";
import { useTitle } from "../../title.js";
import { UntagButton } from "../images/index.js";

const rowsOf = ({ names }: NameWindow) => names;
/** How long who types is waited for, in ms. */
const pause = 250;

export function NamesPage() {
  useTitle("Names");
  const text = queryOf(place.value).get("text") ?? "";
  const list = useWindow<NameRow, NameWindow>(
    text === "" ? "names" : `names?${new URLSearchParams({ text })}`,
    rowsOf,
  );
  useJobEvents(
    "names",
    ({ name, state }) => state === "completed" && (name === undefined || picturedNames.includes(name)),
    list.reload,
  );
  const [jobs, setJobs] = useState<readonly JobRecord[]>([]);
  const start = async (name: string, data: object) => {
    const job = await startJob(name, data);
    setJobs((last) => [job, ...last].slice(0, 3));
  };
  return (
    <>
      <div class="heading">
        <h1>Names</h1>
        <p class="muted" role="status">
          {list.total !== undefined && `${formatCount(list.total)} ${text === "" ? "in all" : "match"}`}
        </p>
      </div>
      <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
        <Search text={text} />
      </form>
      <TagForm start={start} />
      {jobs.map((job) => (
        <LiveJob key={job.id} started={job} onEnd={list.reload} />
      ))}
      <Loaded
        resource={{ data: list.total, error: list.error }}
        of="names"
        isEmpty={(total) => total === 0}
        empty={text === "" ? "No image has a name yet." : "No name matches."}
      >
        {() => <Grid label="Names" kind="name-list" list={list} columns={columnsOf(start)} />}
      </Loaded>
    </>
  );
}

function Search({ text }: { text: string }) {
  const [typed, setTyped] = useState(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="text">
      Search
      <input
        type="search"
        placeholder="name, or the beginning of an id"
        value={typed}
        onInput={({ currentTarget: { value } }) => {
          setTyped(value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            const words = value.trim();
            navigate(words === "" ? "/names" : `/names?${new URLSearchParams({ text: words })}`, "replace");
          }, pause);
        }}
      />
    </label>
  );
}

function TagForm({ start }: { start: (name: string, data: object) => Promise<void> }) {
  const [complaint, setComplaint] = useState("");
  const [isBusy, setBusy] = useState(false);
  if (!mayAct()) return null;
  const tag = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const textOf = (field: string) => String(new FormData(form).get(field) ?? "").trim();
    setBusy(true);
    setComplaint("");
    try {
      await start("tag", { id: textOf("image"), name: textOf("name") });
      form.reset();
    } catch (error) {
      setComplaint((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="filters card" aria-label="Give a name" onSubmit={tag}>
      <label>
        Image
        <input name="image" required placeholder="id or name" autocomplete="off" spellcheck={false} />
      </label>
      <label>
        Name
        <input name="name" required placeholder="repository:tag" autocomplete="off" spellcheck={false} />
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        Tag
      </button>
      <span role="alert" class="complaint">
        {complaint}
      </span>
    </form>
  );
}

function columnsOf(start: (name: string, data: object) => Promise<void>): readonly GridColumn<NameRow>[] {
  const columns: GridColumn<NameRow>[] = [
    {
      key: "names",
      title: "Name",
      isHeader: true,
      cell: ({ name }) => (
        <span class="clamp" title={name}>
          <a href={`/images/${encodeURIComponent(name)}`}>{name}</a>
        </span>
      ),
    },
    {
      key: "copying",
      title: "Copy",
      head: <span class="hidden">Copy</span>,
      cell: ({ name }) => <CopyButton text={name} what={`the name ${name}`} />,
    },
    {
      key: "id",
      title: "Image",
      cell: ({ id, image }) =>
        image === null ? (
          <span class="mono fault" title={id}>
            {shortId(id)}
          </span>
        ) : (
          <a class="mono" href={`/images/${encodeURIComponent(id)}`} title={id}>
            {shortId(id)}
          </a>
        ),
    },
    {
      key: "about",
      title: "What it is",
      cell: ({ image, ofImage }) => (
        <span class="clamp">
          {image === null ? (
            <span class="fault">there is no such image</span>
          ) : (
            <>
              {image.broken && <span class="fault">{image.broken} </span>}
              {image.created !== null && !Number.isNaN(Date.parse(image.created)) && (
                <time dateTime={image.created} title={image.created}>
                  {formatTime(Date.parse(image.created)).slice(0, -3)}
                </time>
              )}{" "}
              {image.comment}
            </>
          )}
          {ofImage > 1 && <span class="muted"> {formatCount(ofImage)} names</span>}
        </span>
      ),
    },
  ];
  if (!mayAct()) return columns;
  return [
    ...columns,
    {
      key: "acting",
      title: "Untag",
      head: <span class="hidden">Untag</span>,
      cell: ({ name, id, ofImage }) => (
        <UntagButton name={name} isLast={ofImage === 1} act={() => start("untag", { name, id })} />
      ),
    },
  ];
}
