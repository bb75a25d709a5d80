// What is mounted: a list, one mount that is looked into, and a form for a new one.
import type { JobEvent } from "../../../api-types.js";
import { JobForm } from "../../../forms/index.js";
import { useJobEvents } from "../../../live-jobs.js";
import { Loaded, Moment, State } from "../../../parts/index.js";
import { useResource } from "../../../resource.js";
import { place, queryOf } from "../../../router.js";
import { mayAct } from "../../../session.js";
import { useTitle } from "../../../title.js";
import { NamedImage } from "../named-image.js";
import type { Mount } from "./mount.js";
import { MountCard } from "./mount-card.js";
import { MountFields } from "./mount-fields.js";

/** An end or a beginning of a job by which mounts come and go. */
const isMeant = ({ queue, progress }: JobEvent) => queue.startsWith("mount") && progress === undefined;

export function MountsPage() {
  useTitle("Mounts");
  const mounts = useResource<{ mounts: readonly Mount[] }>("mounts");
  useJobEvents("mounts", isMeant, mounts.reload);
  const query = queryOf(place.value);
  const chosen = query.get("mount");
  return (
    <>
      <h1>Mounts</h1>
      <Loaded
        resource={mounts}
        of="mounts"
        isEmpty={({ mounts }) => mounts.length === 0}
        empty="Nothing is mounted."
      >
        {({ mounts }) => <MountTable mounts={mounts} chosen={chosen} />}
      </Loaded>
      {chosen !== null && mounts.data && (
        <MountCard
          key={chosen}
          mount={mounts.data.mounts.find(({ mountId }) => mountId === chosen)}
          onChange={mounts.reload}
        />
      )}
      {mayAct() && (
        <section class="card">
          <h2>Mount an image</h2>
          <JobForm kind="mount" label="Mount an image" submit="Mount" onEnd={mounts.reload}>
            <MountFields image={query.get("image") ?? ""} />
          </JobForm>
        </section>
      )}
    </>
  );
}

function MountTable({ mounts, chosen }: { mounts: readonly Mount[]; chosen: string | null }) {
  return (
    <section class="card">
      <table class="jobs">
        <thead>
          <tr>
            <th scope="col">Mount</th>
            <th scope="col">Image</th>
            <th scope="col">State</th>
            <th scope="col">Where</th>
            <th scope="col">How</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {mounts.map(({ mountId, id, state, target, host, driver, layers, upper, createdAt }) => (
            <tr key={mountId}>
              <th scope="row">
                <a
                  class="mono"
                  href={`/mounts?mount=${mountId}`}
                  aria-current={mountId === chosen ? "true" : undefined}
                >
                  {mountId}
                </a>
              </th>
              <td>
                <NamedImage id={id} />
              </td>
              <td>
                <State name={state} />
              </td>
              <td>
                <code>{target}</code> on {host}
              </td>
              <td>
                {driver}, {layers} {layers === 1 ? "layer" : "layers"}
                {upper === undefined && ", read-only"}
              </td>
              <td>
                <Moment at={Date.parse(createdAt)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
