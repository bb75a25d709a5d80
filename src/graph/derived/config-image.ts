// The image that a config becomes: a record with an empty layer on top of the image's last layer. Its id is the image ID
// of Docker and OCI, the sha256 of the config, and the config is kept beside the record as it came.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { chmod, utimes } from "node:fs/promises";
import { imageEntries, ioError, readPlainFile } from "../../disk/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";
import type { Image } from "../image.js";
import { makeRecord, type RecordFields } from "../record.js";
import { noTime } from "./layer-image.js";

/** The documents that an imported image came with, as they came. */
export interface ImageDocuments {
  /** Its config. */
  readonly config: Buffer;
  /** Its manifest, if the source has one. */
  readonly manifest?: Buffer | undefined;
}

/** The fields of a config that its image's record is made of. All others go into the record as they are. */
interface ConfigFields {
  readonly comment?: string | null | undefined;
  readonly created?: string | null | undefined;
  readonly author?: string | null | undefined;
  readonly container_config?: object | null | undefined;
  readonly history?: readonly ConfigStep[] | null | undefined;
  readonly [field: string]: unknown;
}

/** An entry of a config's history. */
interface ConfigStep {
  readonly created?: string | null | undefined;
  readonly created_by?: string | null | undefined;
  readonly author?: string | null | undefined;
  readonly comment?: string | null | undefined;
  readonly empty_layer?: boolean | null | undefined;
}

/** Returns the image ID of a config: the sha256 of its bytes, in hex. */
export function configImageId(config: Buffer): string {
  return createHash("sha256").update(config).digest("hex");
}

/**
 * Makes the record of an image with this config. Nothing but the config and the parent goes into it.
 * @param config as it was parsed and checked
 * @throws `IMAGE_BROKEN` for fields of other types than a record has
 */
export function configImageRecord(config: ConfigFields, id: string, parent: string | null): Buffer {
  // `rootfs` tells of the layers below, which the parents are. The others are not the image's own.
  const { rootfs, id: _id, parent: _parent, history, ...rest } = config;
  const step = history?.findLast(({ empty_layer }) => empty_layer !== true) ?? {};
  return makeRecord({
    ...fieldsWithValue(rest),
    comment: config.comment || step.comment,
    created: config.created || step.created || noTime,
    container_config: config.container_config ?? commandOf(step.created_by),
    author: config.author || step.author,
    ...(history == null ? {} : { history }),
    id,
    parent,
  });
}

/**
 * Tells whether an image has a config of its own and no layer content: such images are no part of a mount's stack.
 * @param imageDirectory the directory of the image
 */
export function isConfigImage(imageDirectory: string): boolean {
  return fs.lstatSync(configPath(imageDirectory), { throwIfNoEntry: false })?.isFile() ?? false;
}

/**
 * Chooses the images whose layers make up what an image shows. Empty layers of configs are left out.
 * @param history an image and its ancestors, child first
 * @returns in the same order; at least one
 */
export function withContent(history: readonly Image[]): Image[] {
  const chosen = history.filter(({ directory }) => !isConfigImage(directory));
  return chosen.length === 0 ? history.slice(0, 1) : chosen;
}

/**
 * Reads the config of an image that has one.
 * @throws `IMAGE_BROKEN` for one whose sha256 is not the id
 */
export function readConfig({ directory, id }: Pick<Image, "directory" | "id">): Buffer | undefined {
  const config = readDocument(configPath(directory), id);
  if (config === undefined || configImageId(config) === id) return config;
  throw new StevedoreError("IMAGE_BROKEN", `the image ${id} is broken: its config is that of another image`);
}

/**
 * Reads the manifest that an image came with, if it did.
 * @throws `IMAGE_BROKEN` for the manifest of another image
 */
export function readManifest({ directory, id }: Pick<Image, "directory" | "id">): Buffer | undefined {
  const manifest = readDocument(`${directory}/${imageEntries.imageManifest}`, id);
  if (manifest === undefined || manifestIsOf(manifest, id)) return manifest;
  throw new StevedoreError(
    "IMAGE_BROKEN",
    `the image ${id} is broken: its manifest is that of another image`,
  );
}

/** Tells whether bytes are a manifest whose config is that of the image. */
export function manifestIsOf(manifest: Buffer | undefined, id: string): boolean {
  try {
    return JSON.parse(manifest?.toString() ?? "").config.digest === `sha256:${id}`;
  } catch {
    return false;
  }
}

/** Makes the empty layer of a config's image. Its checksum must be the same on every host. */
export async function fillEmptyLayer(layerDirectory: string): Promise<{ readonly diffId?: undefined }> {
  await chmod(layerDirectory, 0o755);
  await utimes(layerDirectory, 0, 0);
  return {};
}

function configPath(imageDirectory: string): string {
  return `${imageDirectory}/${imageEntries.config}`;
}

function readDocument(path: string, id: string): Buffer | undefined {
  try {
    const bytes = readPlainFile(path);
    if (bytes !== undefined) return bytes;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
  throw new StevedoreError(
    "IMAGE_BROKEN",
    `the image ${id} is broken: ${path} is not a file, or is too long`,
  );
}

function commandOf(createdBy: string | null | undefined): object {
  return createdBy ? { Cmd: [createdBy] } : {};
}

function fieldsWithValue(fields: Readonly<Record<string, unknown>>): RecordFields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== ""));
}
