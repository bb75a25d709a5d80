// The search in the header of all pages, a combobox (WAI-ARIA 1.2): it finds images and jobs while one types.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api.js";
import type { SearchAnswer } from "./api-types.js";
import { pageSearch } from "./page-search.js";
import { pathOfJob } from "./parts/index.js";
import { navigate, pathOf, place, queryOf } from "./router.js";
import { type Answered, askSearch, useSearchAnswers } from "./search-answers.js";
import { imagePath, optionGroups, type SearchOption, searchPath } from "./search-options.js";

const listId = "search-list";
/** The pages whose address has the text. */
const linkedPages = ["/graph", "/search"];

export function HeaderSearch() {
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [failure, setFailure] = useState<ApiError>();
  /** The text that this field has given the address. */
  const written = useRef("");
  const path = pathOf(place.value);
  const linked = linkedText();
  useEffect(() => {
    // The address as it is by now: more may have been typed since it changed.
    const now = linkedText();
    if (now !== written.current) setTyped(now);
    written.current = now;
  }, [linked]);
  useEffect(() => setTyped(linkedText()), [path]);
  useSlash(field);

  const text = typed.trim();
  const answered = useSearchAnswers(isOpen ? text : "");
  const groups = answered?.data === undefined ? [] : optionGroups(answered.data, answered.text);
  const options = groups.flatMap((group) => group.options);
  const isShown = isOpen && text !== "";

  const type = (value: string) => {
    setTyped(value);
    setOpen(true);
    setActive(-1);
    setFailure(undefined);
    // The picture marks what matches.
    if (pageSearch.value === undefined) return;
    written.current = value.trim();
    navigate(withText(written.current), "replace");
  };
  const leave = (to: string) => {
    setOpen(false);
    setActive(-1);
    navigate(to);
  };
  const choose = ({ to, image }: SearchOption) => {
    if (image === undefined || pageSearch.value === undefined) leave(to);
    else {
      setOpen(false);
      setActive(-1);
      pageSearch.value.select(image);
    }
  };
  const go = async () => {
    try {
      const known = answered?.text === text ? answered.data : undefined;
      leave(destination(known ?? (await askSearch(text)), text));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFailure(error);
    }
  };
  const press = (event: KeyboardEvent) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const option = options[active];
    if (by !== 0 && text !== "") {
      setOpen(true);
      if (options.length > 0) setActive(nextOf(active, by, options.length));
    } else if (event.key === "Enter" && text !== "") {
      if (option !== undefined && isShown) choose(option);
      else if (pageSearch.value !== undefined) {
        setOpen(false);
        pageSearch.value.step(event.shiftKey ? -1 : 1);
      } else void go();
    } else if (event.key === "Escape" && typed !== "") {
      if (isShown) setOpen(false);
      else type("");
    } else return;
    event.preventDefault();
  };

  return (
    <search class="find">
      <input
        ref={field}
        type="text"
        // biome-ignore lint/a11y/noRedundantRoles: an input is one by itself only with a list that the browser shows
        role="combobox"
        list={undefined}
        autocomplete="off"
        enterkeyhint="search"
        aria-autocomplete="list"
        aria-controls={listId}
        aria-keyshortcuts="/"
        aria-label="Search images and jobs"
        aria-expanded={isShown}
        aria-activedescendant={isShown && active >= 0 ? `${listId}-${active}` : undefined}
        placeholder="Search  ( / )"
        spellcheck={false}
        maxLength={1_000}
        value={typed}
        onInput={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={press}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      />
      {/* What is pressed in it leaves the focus in the field. */}
      <div class="found" hidden={!isShown} onPointerDown={(event) => event.preventDefault()}>
        <p role="status" class="muted">
          {isShown && statusOf(answered, text, failure)}
        </p>
        <div id={listId} role="listbox" aria-label="Found">
          {groups.map(({ title, options: own }, place) => (
            // biome-ignore lint/a11y/useSemanticElements: a list of options cannot hold a fieldset
            <div key={title} role="group" aria-labelledby={`${listId}-group-${place}`}>
              <div id={`${listId}-group-${place}`} role="presentation" class="group">
                {title}
              </div>
              {own.map((option) => {
                const at = options.indexOf(option);
                return (
                  <Option
                    key={at}
                    at={at}
                    isActive={at === active}
                    option={option}
                    choose={() => choose(option)}
                  />
                );
              })}
            </div>
          ))}
        </div>
      </div>
    </search>
  );
}

/** The text in the address of a page that has it there. */
function linkedText(): string {
  return linkedPages.includes(pathOf(place.value)) ? (queryOf(place.value).get("q") ?? "") : "";
}

function Option(props: { at: number; isActive: boolean; option: SearchOption; choose: () => void }) {
  const { at, isActive, option, choose } = props;
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isActive) own.current?.scrollIntoView({ block: "nearest" });
  }, [isActive]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys of all options
    <div
      ref={own}
      id={`${listId}-${at}`}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      onClick={choose}
    >
      <span>{option.title}</span> <span class="muted">{option.detail}</span>
    </div>
  );
}

/** What there is to say beside the options: that it is looked for, that there is nothing, or what went wrong. */
function statusOf(answered: Answered | undefined, text: string, failure: ApiError | undefined): string {
  const { data, error = failure } = answered ?? {};
  if (error !== undefined) return `${error.code}: ${error.message}`;
  if (data === undefined || answered?.text !== text) return "Searching…";
  const noJobs = data.jobs === null ? "Jobs are not searched: Redis does not answer." : "";
  if (data.images.length === 0 && (data.jobs ?? []).length === 0) return `Nothing found. ${noJobs}`;
  return noJobs;
}

/** Where Enter leads: to what is meant without doubt, else to the list of all. */
function destination({ target, jobs }: SearchAnswer, text: string): string {
  if (target?.kind === "image") return imagePath(target.id);
  const job = jobs?.find(({ queue, id }) => id === target?.id && queue === target.queue);
  return job === undefined ? searchPath(text) : pathOfJob(job);
}

/** The address of this page with another text. */
function withText(text: string): string {
  const query = queryOf(place.value);
  if (text === "") query.delete("q");
  else query.set("q", text);
  const written = query.toString();
  return pathOf(place.value) + (written === "" ? "" : `?${written}`);
}

/** The next of some options; before the first and after the last none, which is the text itself. */
function nextOf(at: number, by: number, count: number): number {
  return ((at + 1 + by + count + 1) % (count + 1)) - 1;
}

/** The slash leads to the field from anywhere but where it is typed. */
function useSlash(field: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return;
      if (
        event.target instanceof Element &&
        event.target.closest("input, textarea, select, [contenteditable]")
      )
        return;
      if (document.querySelector("dialog:modal") !== null) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [field]);
}
