// The job `changes`: what was changed in a mount.
import type { Handler } from "./handler.js";
import { mountOf, onItsHost } from "./mount-reference.js";

export const changes: Handler<"changes"> = async (job, { graph, mounts }, signal) => {
  const done = await job.otherHost.outcome();
  if (done !== undefined) return done;
  const mount = mountOf(job.data, mounts);
  if (mount.host !== graph.host) return job.otherHost.leaveTo(mount.host, onItsHost(job.data, mount));
  return { changes: await mounts.changes(mount.mountId, signal) };
};
