// Is anything wrong? What an operator must know first, each with where to look or what to do.
import type { ComponentChildren } from "preact";
import type { Overview } from "../../api-types.js";
import { countOf, formatBytes } from "../../format.js";
import { QueueButton } from "../../parts/index.js";

/** Below it jobs fail, in bytes, as `/readyz` has it; and below which share of a disk it is worth a word. */
const full = 64 * 1024 ** 2;
const nearlyFull = 0.05;

interface Alarm {
  readonly kind: "bad" | "warn";
  readonly text: ComponentChildren;
}

/** Always there, so that a screen reader tells what comes: politely, and only what has changed. */
export function Alarms({ overview, reload }: { overview: Overview; reload: () => void }) {
  const alarms = alarmsOf(overview, reload);
  return (
    <section class="alarms" role="status" aria-atomic="false" aria-label="What is wrong">
      {alarms.length === 0 && <p class="muted">Nothing is wrong.</p>}
      {alarms.map(({ kind, text }, at) => (
        <p key={at} class={`alarm ${kind}`}>
          {text}
        </p>
      ))}
    </section>
  );
}

function alarmsOf({ jobs, workers, paused, disk, shutOut }: Overview, reload: () => void): Alarm[] {
  const alarms: Alarm[] = [];
  const tell = (kind: Alarm["kind"], text: ComponentChildren) => alarms.push({ kind, text });
  if (workers.length === 0) {
    tell("bad", <a href="#workers">No worker serves this graph: jobs wait until one does.</a>);
  }
  const disks = workers.flatMap((worker) => describeDisk(`The disk of ${worker.host}`, worker.disk));
  // The server's own is mostly that of a worker.
  alarms.push(...(disks.length > 0 ? disks : describeDisk("The disk", disk)));
  const { count, isMore } = jobs.failures;
  if (count > 0) {
    const words = `${isMore ? "More than " : ""}${countOf(count, "job")} failed in the last 24 hours.`;
    tell("bad", <a href="/jobs?state=failed&since=24h">{words}</a>);
  }
  for (const queue of paused) {
    tell(
      "warn",
      <>
        <a href={`/jobs?queue=${encodeURIComponent(queue)}`}>The queue {queue} is paused: its jobs wait.</a>{" "}
        <QueueButton queue={queue} isPaused onDone={reload} />
      </>,
    );
  }
  for (const { host, active } of workers.filter(({ draining }) => draining)) {
    const words = `The worker of ${host} is ending: it finishes ${countOf(active, "job")} and takes no more up.`;
    tell("warn", <a href="#workers">{words}</a>);
  }
  if (shutOut > 0) {
    const words = `${countOf(shutOut, "compressor was", "compressors were")} shut out: what they made was wrong.`;
    tell("bad", <a href="#compressors">{words}</a>);
  }
  return alarms;
}

function describeDisk(name: string, disk: Overview["disk"]): Alarm[] {
  if (disk === null) return [];
  const { bytesFree, bytesTotal } = disk;
  const isFull = bytesFree < full;
  if (!isFull && bytesFree >= bytesTotal * nearlyFull) return [];
  const words = `${name} is ${isFull ? "full" : "nearly full"}: ${formatBytes(bytesFree)} of ${formatBytes(bytesTotal)} are free.`;
  return [{ kind: isFull ? "bad" : "warn", text: <a href="/garbage">{words}</a> }];
}
