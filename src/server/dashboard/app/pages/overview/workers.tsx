// Who works for the graph: its workers, and the compressors that help them.
import type { Overview } from "../../api-types.js";
import { formatBytes, formatCount } from "../../format.js";
import { Moment } from "../../parts/index.js";

export function Workers({ overview: { workers } }: { overview: Overview }) {
  return (
    <section class="card" id="workers">
      <h2>Workers</h2>
      {workers.length === 0 ? (
        <p class="muted">No worker has told of itself lately: jobs wait until one does.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Threads busy</th>
              <th scope="col">Jobs</th>
              <th scope="col">Up since</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {workers.map(({ id, host, threads, active, startedAt, version, draining }) => (
              <tr key={id}>
                <th scope="row">
                  {host}
                  {draining && <span class="waits"> ending</span>}
                </th>
                <td>
                  {threads.busy} of {threads.total}
                </td>
                <td>{active}</td>
                <td>
                  <Moment at={startedAt} />
                </td>
                <td>{version}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

export function Compressors({ overview: { compressors, blocks, shutOut } }: { overview: Overview }) {
  const sum = (of: "busy" | "total") => compressors.reduce((all, { slots }) => all + slots[of], 0);
  const words = [
    `${sum("busy")} of ${sum("total")} slots busy`,
    `${formatCount(blocks.waiting)} blocks wait`,
    // Also those that have ended since: what they made is not used, and somebody should look at their hosts.
    ...(shutOut === 0 ? [] : [`${formatCount(shutOut)} shut out`]),
  ];
  return (
    <section class="card" id="compressors">
      <h2>Compressors</h2>
      {compressors.length === 0 && (
        <p class="muted">No compressor has told of itself lately: workers compress alone.</p>
      )}
      {compressors.length + blocks.waiting + shutOut > 0 && <p>{words.join(", ")}</p>}
      {compressors.length > 0 && (
        <table class="fleet">
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Slots busy</th>
              <th scope="col">Blocks made</th>
              <th scope="col">Bytes in</th>
              <th scope="col">Bytes out</th>
              <th scope="col">Up since</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {compressors.map(({ id, host, slots, made, startedAt, version, engine, refusal }) => (
              <tr key={id}>
                <th scope="row">
                  {host}
                  {refusal !== null && <span class="reason">Shut out: {refusal}</span>}
                </th>
                <td data-label="Slots busy">
                  {slots.busy} of {slots.total}
                </td>
                <td data-label="Blocks made">{formatCount(made.blocks)}</td>
                <td data-label="Bytes in">{formatBytes(made.bytesIn)}</td>
                <td data-label="Bytes out">{formatBytes(made.bytesOut)}</td>
                <td data-label="Up since">
                  <Moment at={startedAt} />
                </td>
                <td data-label="Version">
                  {version}, {engine.name} {engine.version}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
