// Debian's Chromium, driven as a person would: its pages note what they must not do.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

export interface TestBrowser extends AsyncDisposable {
  /** Opens a page of its own, with its own cookies; it is blank. */
  open(options?: BrowserContextOptions): Promise<WatchedPage>;
}

export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors on its console, violations of its policy among them, and exceptions, each with the page that it was on. */
  readonly complaints: string[];
  /** The origins of all that it has asked for. */
  readonly origins: Set<string>;
}

/** Starts the browser; it has no window. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: locate("chromium"), args: ["--no-sandbox"] });
  return {
    async open(options = {}) {
      const context = await browser.newContext(options);
      // The machine may be busy.
      context.setDefaultTimeout(100_000);
      const page = await context.newPage();
      const complaints: string[] = [];
      const origins = new Set<string>();
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.stack ?? error.message}`));
      page.on("request", (request) => {
        if (/^(https?|wss?):/.test(request.url())) origins.add(new URL(request.url()).origin);
      });
      return { page, complaints, origins, [Symbol.asyncDispose]: () => context.close() };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

function locate(program: string): string {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find(isExecutable);
  if (found === undefined)
    throw new Error(`there is no ${program}: node scripts/setup.mjs --dev installs it`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
