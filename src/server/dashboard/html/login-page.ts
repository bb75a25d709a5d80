// The login page as HTML: a form that works without scripts.
import { escapeHtml } from "./escape-html.js";

/** What to show. Text of others is escaped. */
interface LoginPage {
  /** Where the login leads to. */
  readonly to: string;
  /** What went wrong, for people. */
  readonly complaint?: string;
  /** The path of the dashboard's style sheet, if there is one. */
  readonly style: string | undefined;
}

export function renderLoginPage({ to, complaint, style }: LoginPage): string {
  const alert =
    complaint === undefined ? "" : `<p class="notice bad" role="alert">${escapeHtml(complaint)}</p>`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Log in · Stevedore</title>
    <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
    ${style === undefined ? "" : `<link rel="stylesheet" href="${escapeHtml(style)}">`}
  </head>
  <body class="login">
    <main>
      <h1><img src="/assets/favicon.svg" alt="" width="28" height="28"> Stevedore</h1>
      ${alert}
      <form method="post" action="/login">
        <input type="hidden" name="to" value="${escapeHtml(to)}">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
        <button type="submit" class="primary">Log in</button>
      </form>
      <p class="muted">A token of this server's token file, or of its <code>STEVEDORE_TOKEN</code>.</p>
    </main>
  </body>
</html>
`;
}
