// Ids and records for the layers of an image that brings none: of today's images only the config is known, while
// every image of a graph has an id and a record.
import { createHash } from "node:crypto";
import { makeRecord, type RecordFields } from "../../graph/index.js";
import { type HistoryEntry, type ImageConfig, recordsField } from "../formats/index.js";

/** What the image of a layer is named by, and tells of itself. */
export interface LayerRecord {
  readonly id: string;
  readonly parent: string | null;
  readonly record: Buffer;
}

/**
 * The id of a layer: sha256 of a line each for its parent's id (empty for none) and its diffID, and for the last layer
 * of an image one for the config's digest. So images that share their first layers share them in the graph, and those
 * that differ in nothing but the config differ in the last.
 */
export function deriveId(parent: string | null, diffId: string, configDigest?: string): string {
  const lines = [parent ?? "", diffId, ...(configDigest === undefined ? [] : [configDigest])];
  return createHash("sha256")
    .update(lines.map((line) => `${line}\n`).join(""))
    .digest("hex");
}

/** The records of an image's layers, the base's first. */
export function deriveRecords(config: ImageConfig, configDigest: string): LayerRecord[] {
  const diffIds = config.rootfs.diff_ids ?? [];
  const steps = stepsOf(config, diffIds.length);
  let below: string | null = null;
  return diffIds.map((diffId, index) => {
    const isTop = index === diffIds.length - 1;
    const parent = below;
    const id: string = deriveId(parent, diffId, isTop ? configDigest : undefined);
    const step = steps[index] ?? {};
    const fields = isTop ? fieldsOfImage(config, step) : fieldsOfStep(config, step);
    below = id;
    return { id, parent, record: makeRecord({ ...fields, id, parent }) };
  });
}

/** The step that made each layer. Some tools write a history that does not fit the layers: then none is known. */
function stepsOf({ history }: ImageConfig, layers: number): readonly HistoryEntry[] {
  const steps = (history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return steps.length === layers ? steps : [];
}

/** Where nothing tells when a layer was made; a record's time must not be that of the import. */
const unknownTime = "1970-01-01T00:00:00Z";

/** A layer on the way to the image: what Docker gave one for its registry of 2013 (manifest/schema1/config_builder.go). */
function fieldsOfStep({ architecture, os, variant }: ImageConfig, step: HistoryEntry): RecordFields {
  const { created, created_by, author, comment } = step;
  return {
    ...{ comment, created: created || unknownTime, container_config: commandOf(created_by), author },
    ...known({ architecture, os, variant }),
  };
}

/** The image itself: its config but for what describes the layers (Docker's image/v1/imagev1.go). */
function fieldsOfImage(config: ImageConfig, step: HistoryEntry): RecordFields {
  const { rootfs, history, [recordsField]: records, id, parent, ...rest } = config;
  return {
    ...known(rest),
    comment: config.comment || step.comment,
    created: config.created || step.created || unknownTime,
    container_config: config.container_config ?? commandOf(step.created_by),
    author: config.author || step.author,
  };
}

function commandOf(createdBy: string | null | undefined): object {
  return createdBy ? { Cmd: [createdBy] } : {};
}

/** The fields that say something. */
function known(fields: Readonly<Record<string, unknown>>): RecordFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ""));
}
