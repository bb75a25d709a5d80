// Keeps what is known of the graph up to date: asks for it, and again when a job may have changed it.
import { picturedNames } from "./job-kinds.js";
import { generation, onJobEvent } from "./live.js";
import type { GraphNode } from "./picture/index.js";

export interface GraphListener {
  /** Called with all images, when they are not the same as before. */
  show(nodes: readonly GraphNode[]): void;
  /** Called with why they could not be had, and with undefined when they could. */
  failed(why: string | undefined): void;
}

/** How long jobs that end are gathered, in ms: many of a batch end at once. */
const gathering = 400;
/** How long after a failure it is tried again, in ms. */
const retryInterval = 3_000;

/** Asks at once, and listens until the function it returns is called. */
export function followGraph({ show, failed }: GraphListener): () => void {
  const closed = new AbortController();
  let tag: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isWanted = false;

  async function ask(): Promise<void> {
    timer = undefined;
    isAsking = true;
    isWanted = false;
    let wait: number | undefined;
    try {
      const response = await fetch("/api/v1/graph", {
        signal: closed.signal,
        headers: tag === null ? {} : { "if-none-match": tag },
      });
      if (response.status !== 304) {
        if (!response.ok) throw new Error(await refusal(response));
        const { nodes } = (await response.json()) as { nodes: readonly GraphNode[] };
        if (closed.signal.aborted) return;
        tag = response.headers.get("etag");
        show(nodes);
      }
      failed(undefined);
    } catch (error) {
      if (closed.signal.aborted) return;
      failed(error instanceof TypeError ? "The server does not answer." : (error as Error).message);
      wait = retryInterval;
    } finally {
      isAsking = false;
    }
    if (isWanted || wait !== undefined) plan(wait ?? gathering);
  }

  function plan(wait: number): void {
    if (isAsking) isWanted = true;
    else timer ??= setTimeout(() => void ask(), wait);
  }

  const endEvents = onJobEvent(({ name, state }) => {
    if (state === "completed" && (name === undefined || picturedNames.includes(name))) plan(gathering);
  });
  // Called once at the beginning, and after each outage.
  const endOutages = generation.subscribe(() => plan(0));
  return () => {
    closed.abort();
    clearTimeout(timer);
    endEvents();
    endOutages();
  };
}

/** What a problem document says, or the status alone. */
async function refusal(response: Response): Promise<string> {
  if (response.status === 401) return "You are not logged in any more: load the page anew to log in.";
  const { code, detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  return `${code ?? response.status}: ${detail ?? response.statusText}`;
}
