// What all pages have around them: the skip link, the navigation, what must be known of the connection.
import { useEffect } from "preact/hooks";
import { type Connection, connection } from "./live.js";
import { BatchPage, GraphPage, ImagePage, JobPage, JobsPage, OverviewPage } from "./pages/index.js";
import { navigate, partsOf, pathOf, place } from "./router.js";
import { readSession, session } from "./session.js";
import { chooseTheme, type Theme, theme, themes } from "./theme.js";

export function Shell() {
  useEffect(readSession, []);
  const path = pathOf(place.value);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/assets/favicon.svg" alt="" width="24" height="24" /> Stevedore
        </a>
        <nav aria-label="Pages">
          <NavLink to="/" current={path === "/"} text="Overview" />
          <NavLink to="/graph" current={/^\/(graph|images)/.test(path)} text="Graph" />
          <NavLink to="/jobs" current={/^\/(jobs|batches)/.test(path)} text="Jobs" />
          <a href="/queues/">Queues</a>
          <a href="/api/docs">API</a>
        </nav>
        <FindImage />
        <ChooseTheme />
        {session.value?.login && (
          <form method="post" action="/logout">
            <button type="submit">Log out</button>
          </form>
        )}
      </header>
      <ConnectionNotice state={connection.value} />
      <main id="content" tabIndex={-1}>
        <Page parts={partsOf(place.value)} />
      </main>
    </>
  );
}

function Page({ parts: [page, first = "", second = ""] }: { parts: string[] }) {
  switch (page) {
    case undefined:
      return <OverviewPage />;
    case "graph":
      return <GraphPage />;
    case "images":
      return <ImagePage key={first} reference={first} />;
    case "batches":
      return <BatchPage key={first} id={first} />;
    default:
      return first === "" ? <JobsPage /> : <JobPage key={`${first}/${second}`} queue={first} id={second} />;
  }
}

function NavLink({ to, current, text }: { to: string; current: boolean; text: string }) {
  return (
    <a href={to} aria-current={current ? "page" : undefined}>
      {text}
    </a>
  );
}

/** An id or the beginning of one leads to the image's page, which lists the candidates if there are several. */
function FindImage() {
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const reference = String(new FormData(form).get("image") ?? "").trim();
    if (reference === "") return;
    form.reset();
    navigate(`/images/${encodeURIComponent(reference)}`);
  };
  return (
    <search>
      <form class="find" onSubmit={find}>
        <input type="search" name="image" aria-label="Find an image by its id" placeholder="Image id…" />
      </form>
    </search>
  );
}

function ChooseTheme() {
  return (
    <select
      aria-label="Colours"
      value={theme.value}
      onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
    >
      {themes.map((name) => (
        <option key={name} value={name}>
          {name === "system" ? "Auto" : name === "light" ? "Light" : "Dark"}
        </option>
      ))}
    </select>
  );
}

const notices: Readonly<Record<Connection, string>> = {
  opening: "",
  live: "",
  lost: "Redis is away: what is shown may be out of date. The page goes on by itself when it is back.",
  away: "The server does not answer: what is shown is out of date. The page goes on by itself when it is back.",
};

/** Always there, so that a screen reader notices when its text comes. */
function ConnectionNotice({ state }: { state: Connection }) {
  return (
    <div role="status" class="connection" data-state={state}>
      {notices[state]}
    </div>
  );
}
