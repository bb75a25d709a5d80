// What a mounted image goes through in a soak: work is done in it, told of, and committed.
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "./conductor.js";
import type { Life } from "./image-lives.js";
import { completes, ends, imageOf, type Supplies, stores } from "./plan.js";

/** An image on another, of which it hides a part; a mount of it; an image of what was done there. */
export function* mountLife({ random, archives, root }: Supplies): Life {
  const [below, above, committed] = [random.hex(32), random.hex(32), random.hex(32)];
  yield { jobs: [stores(below, random.pick(archives.plain))] };
  yield { jobs: [stores(above, random.pick(archives.hiding), below)] };
  const place = join(root, "mounts", `at-${above.slice(0, 16)}`);
  const target = random.chance(0.4) ? { target: place } : {};
  const [mounted] = yield {
    jobs: [
      completes("mount", { id: above, ...target }, { id: above, layers: 2, ...target }),
      ends("delete", { id: below }, "IMAGE_IN_USE"),
      ends("mount", { id: above, target: `/etc/${above}` }, "TARGET_FORBIDDEN"),
    ],
  };
  const { mountId, target: at } = resultOf(mounted) as { mountId: string; target: string };
  work(at);
  yield { jobs: [completes("changes", { mountId }, { changes: changesOfWork })] };
  const isCommitted = random.chance(0.6);
  if (isCommitted) {
    yield {
      jobs: [
        completes(
          "commit",
          { mountId, image: imageOf(committed) },
          { id: committed, parent: above, stored: true },
        ),
        ends("delete", { id: above }, "IMAGE_IN_USE"),
        ends("mount", { id: above, target: at }, at === place ? "ALREADY_MOUNTED" : "TARGET_FORBIDDEN"),
      ],
    };
  }
  yield {
    jobs: [completes("unmount", random.chance(0.5) ? { mountId } : { target: at }, { mountId, target: at })],
  };
  if (random.chance(0.3)) yield { jobs: [ends("changes", { mountId }, "NOT_MOUNTED")] };
  if (isCommitted) yield* mountedAgain(committed);
  yield { jobs: [completes("delete", { id: above }, { id: above })] };
  yield { jobs: [completes("delete", { id: below }, { id: below })] };
}

/** What was committed shows nothing new in a mount of its own. */
function* mountedAgain(id: string): Life {
  const [mounted] = yield { jobs: [completes("mount", { id, readOnly: true }, { id, layers: 3 })] };
  const { mountId } = resultOf(mounted) as { mountId: string };
  yield { jobs: [completes("changes", { mountId }, { changes: [] })] };
  yield { jobs: [completes("unmount", { mountId }, { mountId })] };
  yield { jobs: [completes("delete", { id }, { id })] };
}

/** A life goes on only after the outcomes that it wants. */
function resultOf(outcome: Outcome | undefined): unknown {
  return outcome?.result;
}

function work(target: string): void {
  writeFileSync(join(target, "etc/new"), "new\n");
  appendFileSync(join(target, "etc/passwd"), "soak:x:1:1\n");
  rmSync(join(target, "etc/hosts"));
}

/** What `docker diff` tells of it. */
const changesOfWork = [
  { kind: "modify", path: "/etc" },
  { kind: "delete", path: "/etc/hosts" },
  { kind: "add", path: "/etc/new" },
  { kind: "modify", path: "/etc/passwd" },
];
