// Derives ids and records for the layers of an image. Images of Docker and OCI have a config only, while every image of
// a graph has an id and a record.
import { createHash } from "node:crypto";
import { makeRecord, type RecordFields } from "../../graph/index.js";
import { type HistoryEntry, type ImageConfig, recordsField } from "../formats/index.js";

/** The id and record of the image that a layer becomes. */
export interface LayerRecord {
  readonly id: string;
  readonly parent: string | null;
  readonly record: Buffer;
}

/**
 * Derives the id of a layer: the sha256 of one line with the id of its parent (empty without one) and one with its
 * diffID; for the last layer of an image a third line has the digest of the config. So images that share their first
 * layers share them in the graph, and images that differ only in their config differ in the last.
 */
function deriveId(parent: string | null, diffId: string, configDigest?: string): string {
  const lines = [parent ?? "", diffId, ...(configDigest === undefined ? [] : [configDigest])];
  return createHash("sha256")
    .update(lines.map((line) => `${line}\n`).join(""))
    .digest("hex");
}

/** Derives the records of the layers of an image, base first. */
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

/** Returns the step that made each layer; none if the history does not fit the layers, as some tools write it. */
function stepsOf({ history }: ImageConfig, layers: number): readonly HistoryEntry[] {
  const steps = (history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return steps.length === layers ? steps : [];
}

/** The time of a layer without one. It must be the same for every import. */
const unknownTime = "1970-01-01T00:00:00Z";

/**
 * Makes the record of a lower layer, as Docker made it for its registry of 2013 (manifest/schema1/config_builder.go).
 */
function fieldsOfStep({ architecture, os, variant }: ImageConfig, step: HistoryEntry): RecordFields {
  const { created, created_by, author, comment } = step;
  return {
    comment,
    created: created || unknownTime,
    container_config: commandOf(created_by),
    author,
    ...known({ architecture, os, variant }),
  };
}

/** Makes the record of the image: its config without what describes the layers (Docker's image/v1/imagev1.go). */
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

/** Returns the fields that have a value. */
function known(fields: Readonly<Record<string, unknown>>): RecordFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ""));
}
