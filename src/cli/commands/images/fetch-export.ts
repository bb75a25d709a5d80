// Moves an export from the outbox to where the user wants it: to a file, whole or not at all, or to stdout.
import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, type Stats } from "node:fs";
import { link, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ioError, syncDirectory } from "../../../disk/index.js";
import { isErrno, StevedoreError, throwIfAborted } from "../../../terms/index.js";
import { wrongUsage } from "../../run-command.js";

/** Where an export goes. */
export interface Destination {
  /** A file, or `-` for stdout. */
  readonly output: string;
  /** Whether an existing file is replaced. */
  readonly force: boolean;
}

/**
 * Checks the destination before the work.
 * @throws `TARGET_FORBIDDEN`; `INVALID_OPTION` for a terminal
 */
export async function assertDestination({ output, force }: Destination): Promise<void> {
  if (output === "-") {
    if (process.stdout.isTTY)
      throw wrongUsage("an archive is not for a terminal: redirect stdout, or name a file");
    return;
  }
  const there = await statIfAny(output);
  if (there?.isDirectory()) throw forbidden(output, "is a directory");
  if (there?.isFile() && !force) throw alreadyThere(output);
  if (there === undefined && !(await statIfAny(dirname(resolve(output))))?.isDirectory())
    throw forbidden(output, "lies in no directory");
}

/**
 * Moves a file of the outbox: by a rename within a file system, else by a durable copy.
 * @throws `SOURCE_NOT_FOUND` if this host does not have it; `TARGET_FORBIDDEN`, `NO_SPACE`, `NEEDS_ROOT`, `CANCELLED`,
 * and then it stays in the outbox
 */
export async function fetchExport(
  path: string,
  { output, force }: Destination,
  signal: AbortSignal,
): Promise<void> {
  if ((await statIfAny(path)) === undefined) {
    throw new StevedoreError(
      "SOURCE_NOT_FOUND",
      `${path} is not on this host: the worker that made it has another root, whose server hands it out`,
    );
  }
  const there = output === "-" ? undefined : await statIfAny(output);
  try {
    if (output === "-") await writeTo(path, process.stdout, signal);
    // A device or a pipe, such as of >(…).
    else if (there !== undefined && !there.isFile()) await writeTo(path, createWriteStream(output), signal);
    else await move(path, resolve(output), force, signal);
    await rm(path, { force: true });
  } catch (error) {
    throwIfAborted(signal);
    throw ioError(error, `the export is in ${path}, and cannot be brought to ${output}`);
  }
}

async function writeTo(path: string, to: Writable, signal: AbortSignal): Promise<void> {
  await pipeline(createReadStream(path, { highWaterMark: 1024 ** 2 }), to, {
    signal,
    end: to !== process.stdout,
  });
}

async function move(path: string, target: string, force: boolean, signal: AbortSignal): Promise<void> {
  try {
    await place(path, target, force);
  } catch (error) {
    if (!isErrno(error, "EXDEV")) throw error;
    const beside = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.part`);
    try {
      await copyDurably(path, beside, signal);
      await place(beside, target, force);
    } finally {
      await rm(beside, { force: true });
    }
  }
  await syncDirectory(dirname(target));
}

/** Gives the file its final name. Without `force` by a link, because a rename would replace an existing file. */
async function place(path: string, target: string, force: boolean): Promise<void> {
  if (force) return rename(path, target);
  try {
    await link(path, target);
  } catch (error) {
    if (isErrno(error, "EEXIST")) throw alreadyThere(target);
    // A file system without hard links, as on a USB stick.
    if (!isErrno(error, "EPERM", "ENOTSUP", "EOPNOTSUPP")) throw error;
    if ((await statIfAny(target)) !== undefined) throw alreadyThere(target);
    await rename(path, target);
  }
}

async function copyDurably(from: string, to: string, signal: AbortSignal): Promise<void> {
  const content = createReadStream(from, { highWaterMark: 1024 ** 2 });
  await writeFile(to, content, { flag: "wx", mode: 0o600, flush: true, signal });
}

async function statIfAny(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be looked at`);
  }
}

function alreadyThere(path: string): StevedoreError {
  return forbidden(path, "is there already: --force replaces it");
}

function forbidden(path: string, why: string): StevedoreError {
  return new StevedoreError("TARGET_FORBIDDEN", `${path} ${why}`);
}
