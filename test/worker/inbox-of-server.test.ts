// The inbox of a server that is another user: a worker and the command line, which are root, work with it all the same.

import { chownSync, copyFileSync, lstatSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { removeAbandonedUploads } from "../../src/inbox/index.js";
import { uploadsInUse } from "../../src/producer/index.js";
import { runJob, useDock } from "../support/dock.js";
import { stevedore } from "../support/processes/stevedore.js";

const dock = useDock();

/** The user that docker/entrypoint.sh makes the server. */
const server = 10001;

it("holds uploads that the worker reads and removes, by whomever they were brought", () =>
  dock.serving(async ({ producer, root, graphName }) => {
    const inbox = join(root, "inbox");
    chownSync(inbox, server, server);
    const bring = (name: string) => {
      copyFileSync(dock.archive, join(inbox, name));
      chownSync(join(inbox, name), server, server);
    };
    bring("upload");
    const stored = await runJob(producer, "store", { image: { id: "a" }, layer: { upload: "upload" } });
    expect(stored).toMatchObject({ id: "a", entries: 5 });

    const env = { STEVEDORE_REDIS_URL: dock.redis, STEVEDORE_GRAPH: graphName };
    expect(await stevedore(["store", dock.archive, "--id", "b"], { root, env })).toMatchObject({ code: 0 });

    bring("abandoned");
    expect(await removeAbandonedUploads(inbox, () => uploadsInUse(producer), -1)).toEqual(["abandoned"]);
    expect(readdirSync(inbox)).toEqual([]);
    expect(lstatSync(inbox)).toMatchObject({ uid: server, gid: server });
  }));

it("leads a worker nowhere else, whatever the server puts there", () =>
  dock.serving(async ({ producer, root }) => {
    const inbox = join(root, "inbox");
    chownSync(inbox, server, server);
    symlinkSync("/etc/shadow", join(inbox, "link"));
    await expect(runJob(producer, "store", { layer: { upload: "link" } })).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
    });
    expect(lstatSync("/etc/shadow").isFile()).toBe(true);
  }));
