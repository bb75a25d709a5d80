// What all pages have around them: the skip link, the navigation, what must be known of the connection.
import { useEffect } from "preact/hooks";
import { sections } from "../sections.js";
import { HeaderSearch } from "./header-search.js";
import { type Connection, connection } from "./live.js";
import { matchPath } from "./match-path.js";
import { pathOf, place } from "./router.js";
import { routes } from "./routes.js";
import { readSession, session } from "./session.js";
import { chooseTheme, type Theme, theme, themes } from "./theme.js";

export function Shell() {
  useEffect(readSession, []);
  const found = matchPath(pathOf(place.value));
  const route = found && routes[found.path];
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/assets/favicon.svg" alt="" width="24" height="24" /> Stevedore
        </a>
        <HeaderSearch />
        <ChooseTheme />
        {session.value?.login && (
          <form method="post" action="/logout">
            <button type="submit">Log out</button>
          </form>
        )}
        <nav aria-label="Pages">
          {sections.map(({ to, text }) => (
            <a key={to} href={to} aria-current={route?.section === to ? "page" : undefined}>
              {text}
            </a>
          ))}
        </nav>
      </header>
      <ConnectionNotice state={connection.value} />
      <main id="content" tabIndex={-1}>
        {found && route ? route.page(found.params) : <NothingHere />}
      </main>
    </>
  );
}

/** For a path that the history of the browser knows, and this version of the app does not. */
function NothingHere() {
  return (
    <>
      <h1>Not found</h1>
      <p>
        There is nothing here. Go to the <a href="/">overview</a>.
      </p>
    </>
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
