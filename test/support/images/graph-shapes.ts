// Graphs as `GET /api/v1/graph` answers them, for tests and measurements of the picture.
import type { GraphNode } from "../../../src/server/dashboard/app/picture/layout/forest.js";
import { type SeededRandom, seededRandom } from "../seeded-random.js";

const comments = [
  "debian wheezy base",
  "apt-get install python2.7",
  "add application code",
  "COPY . /srv/app",
  "nginx configuration",
  "redis-server 2.6",
  "security update of openssl",
  "",
];
const newest = Date.UTC(2026, 5, 1);
const day = 86_400_000;

/** One image after the other. */
export function chain(count: number): GraphNode[] {
  return grow(count, 1, (place) => place - 1);
}

/** One image with all the others as children. */
export function star(count: number): GraphNode[] {
  return grow(count, 2, () => 0);
}

/** Each image on one chosen from all before it. */
export function randomTree(count: number): GraphNode[] {
  return grow(count, 3, (place, random) => Math.floor(random.next() * place));
}

/** Images without parents or children. */
export function loners(count: number): GraphNode[] {
  return grow(count, 4, () => -1);
}

/**
 * Like the graph of a host that builds: a few base images, chains of build steps upon them, some that many builds
 * begin from, some that were tried and left.
 */
export function realistic(count: number): GraphNode[] {
  let tip = 0;
  return grow(count, 5, (place, random) => {
    const luck = random.next();
    if (place === 0 || luck < 0.012) tip = -1;
    else if (luck < 0.75) tip = place - 1;
    else if (luck < 0.9) tip = Math.floor(random.next() * place);
    else tip = Math.floor(random.next() ** 4 * place);
    return tip;
  });
}

function grow(
  count: number,
  seed: number,
  parentOf: (place: number, random: SeededRandom) => number,
): GraphNode[] {
  const random = seededRandom(seed);
  const ids: string[] = [];
  return Array.from({ length: count }, (_, place) => {
    const id = Array.from({ length: 8 }, () =>
      Math.floor(random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
    ids.push(id);
    const parent = place === 0 ? -1 : parentOf(place, random);
    const luck = random.next();
    return {
      id,
      parent: parent === -1 ? null : (ids[parent] ?? null),
      created: new Date(newest - ((count - place) / count) ** 2 * 400 * day).toISOString(),
      comment: comments[Math.floor(random.next() * comments.length)] || null,
      layerBytes: luck < 0.02 ? null : Math.floor(2 ** (9 + random.next() * 20)),
      checksums: luck < 0.3 ? [] : luck < 0.4 ? ["docker"] : ["xz-6"],
      mounts: random.next() < 0.01 ? 1 + Math.floor(random.next() * 3) : 0,
      ...(random.next() < 0.004 && { broken: "IMAGE_BROKEN" }),
    };
  });
}
