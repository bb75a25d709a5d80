// Graphs to be damaged: a data directory of Docker 0.3 with more in it, and what the audit says of one.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditGraph, type Finding } from "../../../src/audit/index.js";
import { inodeOf } from "../../../src/disk/file-stamp.js";
import { currentOwner, formatOwner } from "../../../src/disk/process-owner.js";
import { openGraph } from "../../../src/graph/index.js";
import { makeUpperReady } from "../../../src/mount/fresh-upper.js";
import { prepareViews } from "../../../src/mount/views/layer-view.js";
import { linkLowers } from "../../../src/mount/views/lower-links.js";
import { dockerImages, unpackDockerGraph } from "./docker-graph.js";

/** Fills a directory with Docker's own graph, to which facts, stored checksums and an identity were added. */
export async function filledRoot(root: string): Promise<string> {
  await unpackDockerGraph(root);
  const graph = await openGraph(root);
  await graph.graphId();
  for (const id of Object.values(dockerImages)) await graph.layerFacts(id);
  const checksum = `sha256:${"1".repeat(64)}`;
  const entry = { checksum, tarDigest: null, layerBytes: 1, archiveBytes: 1, computedAt: null };
  await graph.storeChecksum(dockerImages.left, "xz-6", entry);
  await graph.storeChecksum(dockerImages.left, "docker", entry);
  await graph.close();
  return root;
}

/** Adds the views of an image and its ancestors, the links to their lowers, and the upper of the next mount. */
export async function addViews(root: string, id: string): Promise<void> {
  const graph = await openGraph(root);
  const history = await graph.history(id);
  const paths = await prepareViews(graph, history);
  linkLowers(graph, paths);
  await makeUpperReady(graph, id, paths[0] ?? "");
}

/** Makes an image's directory by hand. */
export function writeImage(root: string, id: string, record: object | string = { id }): string {
  const directory = join(root, "graph", id);
  mkdirSync(join(directory, "layer"), { recursive: true });
  writeFileSync(join(directory, "layer/file"), id);
  writeFileSync(join(directory, "json"), typeof record === "string" ? record : JSON.stringify(record));
  return directory;
}

/** Makes a mount's folder by hand, of a mount that the kernel does not have. */
export function writeMount(
  root: string,
  mountId: string,
  {
    marks = [],
    images = [dockerImages.base],
    ...fields
  }: { readonly marks?: readonly string[]; readonly images?: readonly string[] } & Record<
    string,
    unknown
  > = {},
): string {
  const directory = join(root, "mounts", mountId);
  for (const name of ["rootfs", "upper", "work"]) mkdirSync(join(directory, name), { recursive: true });
  const record = {
    mountId,
    images: images.map((id) => ({ id, inode: inodeOf(join(root, "graph", id, "layer")) ?? "gone" })),
    driver: "overlay",
    target: join(directory, "rootfs"),
    isWritable: true,
    madeTarget: true,
    owner: deadOwner,
    createdAt: "2026-01-01T00:00:00.000Z",
    ...fields,
  };
  writeFileSync(join(directory, "mount.json"), JSON.stringify(record));
  for (const mark of marks) writeFileSync(join(directory, mark), "");
  return directory;
}

/** A process of another boot. */
export const deadOwner = "00000000-0000-4000-8000-000000000000.1.1.1";

/** This process, as the owner of something. */
export async function livingOwner(): Promise<string> {
  return formatOwner(await currentOwner());
}

/** All that the audit finds. */
export async function audit(root: string, options: { readonly repair?: boolean } = {}): Promise<Finding[]> {
  const graph = await openGraph(root);
  const findings: Finding[] = [];
  for await (const finding of auditGraph(graph, options)) findings.push(finding);
  await graph.close();
  return findings;
}
