// Retries or removes all jobs that are listed, on this page and those behind it: asks first, and says how many there are.
import { useState } from "preact/hooks";
import { ask } from "../../api.js";
import type { JobPage } from "../../api-types.js";
import { countOf, formatCount } from "../../format.js";
import { ActionButton, hasEnded, type Question } from "../../parts/index.js";

/** How many are counted, a page at a time. */
const page = 500;
const most = 2_000;
const hourMs = 3_600_000;

interface Done {
  readonly retried?: number;
  readonly removed?: number;
  readonly refused: number;
  readonly refusals: readonly { readonly id: string; readonly message: string }[];
}

/** Nothing where no state is chosen that can be retried or removed. @param query what chooses, without paging */
export function BulkActions({ query, onDone }: { query: URLSearchParams; onDone: () => void }) {
  const [outcome, setOutcome] = useState("");
  const state = query.get("state") ?? "";
  if (!hasEnded({ state })) return null;
  const operate = async (verb: "retry" | "remove") => {
    setOutcome("");
    const done = await ask<Done>(`jobs/${verb}`, { method: "POST", body: filterOf(query) }).finally(onDone);
    setOutcome(describe(done));
  };
  const count = async (): Promise<string> => {
    let found = 0;
    let cursor: string | null = "";
    while (cursor !== null && found < most) {
      const asked = new URLSearchParams(query);
      asked.set("limit", String(page));
      if (cursor !== "") asked.set("cursor", cursor);
      const answer: JobPage = await ask<JobPage>(`jobs?${asked}`);
      found += answer.jobs.length;
      cursor = answer.next;
    }
    return cursor === null ? countOf(found, "job") : `more than ${countOf(found, "job")}`;
  };
  const retrying = async (): Promise<Question> => ({
    title: `Retry ${await count()}?`,
    text: `All that ${describeFilter(query)} are done once more, with their tries anew.`,
    ...{ yes: "Retry", no: "Leave them" },
  });
  const removing = async (): Promise<Question> => ({
    title: `Remove ${await count()}?`,
    text: `The records of all that ${describeFilter(query)} will be gone, with results and logs; what the jobs did stays.`,
    yes: "Remove",
  });
  return (
    <div class="actions bulk">
      {state !== "completed" && (
        <ActionButton act={() => operate("retry")} question={retrying}>
          Retry all that match…
        </ActionButton>
      )}
      <ActionButton act={() => operate("remove")} kind="danger" question={removing}>
        Remove all that match…
      </ActionButton>
      <p role="status">{outcome}</p>
    </div>
  );
}

/** The filter as the operation takes it: times in ms. */
function filterOf(query: URLSearchParams): Record<string, string | number> {
  const { since, ...texts } = Object.fromEntries(query);
  const hours = { "1h": 1, "24h": 24, "7d": 7 * 24 }[since ?? ""];
  const at = hours === undefined ? Date.parse(since ?? "") : Date.now() - hours * hourMs;
  return { ...texts, ...(Number.isNaN(at) ? {} : { since: at }) };
}

function describeFilter(query: URLSearchParams): string {
  const state = query.get("state") ?? "";
  const words = state === "cancelled" ? "were cancelled" : state === "completed" ? "are completed" : "failed";
  const others = [...query].filter(([name]) => name !== "state").map(([name, value]) => `${name} ${value}`);
  return others.length === 0 ? words : `${words} (${others.join(", ")})`;
}

function describe({ retried, removed, refused, refusals }: Done): string {
  const done =
    retried === undefined ? `Removed ${countOf(removed ?? 0, "job")}` : `Retried ${countOf(retried, "job")}`;
  const [first] = refusals;
  const left = refused === 0 ? "" : `, and left ${formatCount(refused)}: ${first?.message ?? ""}`;
  return `${done}${left}.`;
}
