// Garbage: the images that nothing needs. First what would go, then, after a question, its end.
import { useState } from "preact/hooks";
import type { JobRecord } from "../../api-types.js";
import { formatBytes, formatCount } from "../../format.js";
import { Form, GcFields, runJob, StartedJobs, useStartedJobs } from "../../forms/index.js";
import { ActionButton, Facts, pathOfJob, startJob } from "../../parts/index.js";
import { session } from "../../session.js";
import { useTitle } from "../../title.js";
import { NamedImage } from "./named-image.js";

interface Collected {
  readonly removed: readonly { readonly id: string; readonly layerBytes: number }[];
  readonly more?: number;
  readonly layerBytes: number;
  readonly blocks?: { readonly files: number; readonly bytes: number };
  readonly kept: Readonly<Record<string, number>>;
}

/** Why an image stays, in words. */
const reasons: Readonly<Record<string, string>> = {
  children: "others are built on them",
  names: "named",
  mounts: "in a mount",
  imports: "an import needs them",
  newest: "among the newest",
  young: "too young",
  broken: "broken",
  meanwhile: "needed since",
};
/** How many rows are shown, and how many more by a button. */
const pageSize = 25;

export function GarbagePage() {
  useTitle("Garbage");
  const [plan, setPlan] = useState<{ options: Record<string, unknown>; job: JobRecord }>();
  const { jobs, add } = useStartedJobs();
  const look = async (options: Record<string, unknown>) => {
    setPlan(undefined);
    setPlan({ options, job: await runJob("gc", { ...options, dryRun: true }) });
  };
  const collect = async () => {
    add(await startJob("gc", plan?.options ?? {}));
    setPlan(undefined);
  };
  const result = plan?.job.result as Collected | null | undefined;
  return (
    <>
      <h1>Garbage</h1>
      <section class="card">
        <p>
          An image that nobody builds on, that has no name, is in no mount, and that no import relies on, is
          garbage; and so is its parent, once it is gone. Nothing is deleted before you have seen what it is.
        </p>
        {session.value?.role === "read" && (
          <p class="muted">To look for it takes a token with the role full.</p>
        )}
        <Form label="Look for garbage" submit="Look for garbage" act={look}>
          <GcFields onInput={() => setPlan(undefined)} />
        </Form>
        {plan && result && <Plan job={plan.job} plan={result} collect={collect} />}
        {plan && !result && (
          <p role="status">
            This takes its time: see <a href={pathOfJob(plan.job)}>the job</a>.
          </p>
        )}
      </section>
      <StartedJobs jobs={jobs}>
        {(job) => job.state === "completed" && <Done result={job.result as Collected} />}
      </StartedJobs>
    </>
  );
}

/** What was found, and the button that deletes it. */
function Plan(props: { job: JobRecord; plan: Collected; collect: () => Promise<void> }) {
  const { job, plan, collect } = props;
  const [shown, setShown] = useState(pageSize);
  const { removed, layerBytes } = plan;
  const count = countOf(plan);
  const text = `${formatCount(count)} ${count === 1 ? "image" : "images"} of ${formatBytes(layerBytes)}`;
  return (
    <section aria-label="What would go" aria-live="polite">
      <h2>{count === 0 ? "Nothing would go" : `${text} would go`}</h2>
      <Kept kept={plan.kept} />
      {count > 0 && (
        <>
          <ActionButton
            act={collect}
            kind="danger"
            question={{
              title: `Delete ${text}?`,
              text: "They cannot be brought back. What has got a name, a child or a mount since this look stays.",
              yes: "Delete",
            }}
          >
            Delete them
          </ActionButton>
          <table>
            <thead>
              <tr>
                <th scope="col">Image</th>
                <th scope="col" class="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {removed.slice(0, shown).map(({ id, layerBytes }) => (
                <tr key={id}>
                  <td>
                    <NamedImage id={id} />
                  </td>
                  <td class="number">{formatBytes(layerBytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {removed.length > shown && (
            <button type="button" onClick={() => setShown(shown + pageSize)}>
              Show {formatCount(Math.min(pageSize, removed.length - shown))} more of{" "}
              {formatCount(removed.length - shown)}
            </button>
          )}
          {plan.more !== undefined && <p class="muted">and {formatCount(plan.more)} that are not listed</p>}
        </>
      )}
      <p class="muted">
        This is what <a href={pathOfJob(job)}>the job gc</a> found, which has deleted nothing.
      </p>
    </section>
  );
}

function Done({ result }: { result: Collected }) {
  const { layerBytes, blocks } = result;
  return (
    <>
      <p>
        {formatCount(countOf(result))} images of {formatBytes(layerBytes)} are deleted.
      </p>
      {blocks && (
        <p>
          And {formatCount(blocks.files)} files of {formatBytes(blocks.bytes)} of checksums that nobody
          finished.
        </p>
      )}
      <Kept kept={result.kept} />
    </>
  );
}

function Kept({ kept }: { kept: Collected["kept"] }) {
  const some = Object.entries(kept).filter(([, count]) => count > 0);
  if (some.length === 0) return null;
  return (
    <>
      <h3>What stays</h3>
      <Facts
        facts={some.map(([reason, count]) => [reasons[reason] ?? reason, formatCount(count)] as const)}
      />
    </>
  );
}

function countOf({ removed, more = 0 }: Collected): number {
  return removed.length + more;
}
