// The queues: how much waits in each, who serves it, and whether it is paused.
import type { Queues } from "../../api-types.js";
import { countOf, formatCount } from "../../format.js";
import { Loaded, QueueButton } from "../../parts/index.js";
import type { Resource } from "../../resource.js";

export function QueueList({ queues }: { queues: Resource<Queues> }) {
  return (
    <section class="card">
      <h2>Queues</h2>
      <Loaded resource={queues} of="queues">
        {({ queues: counts, workers, paused }) => (
          <ul class="plain queues">
            {Object.entries(counts).map(([name, states]) => (
              <li key={name}>
                <a href={`/jobs?queue=${encodeURIComponent(name)}`}>{name}</a>{" "}
                {paused.includes(name) && <span class="state">paused</span>}{" "}
                <span class="muted">
                  {formatCount((states.waiting ?? 0) + (states.prioritized ?? 0))} waiting,{" "}
                  {formatCount((states.active ?? 0) + (states["waiting-children"] ?? 0))} at work,{" "}
                  {countOf(workers[name] ?? 0, "worker")}
                </span>{" "}
                <QueueButton queue={name} isPaused={paused.includes(name)} onDone={queues.reload} />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </section>
  );
}
