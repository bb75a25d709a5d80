// Uploads that are not whole yet. They lie in the inbox under a name that no job can take.
import { link, lstat, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { isErrno } from "../terms/index.js";
import { uploadPatience } from "./abandoned-uploads.js";

/** An upload as it lies in the inbox. */
export interface UploadState {
  readonly bytes: number;
  readonly isWhole: boolean;
  /** RFC 3339: when it is removed unless a job names it, or more of it comes. */
  readonly expiresAt: string;
}

/** Where an upload lies once it is whole, and before. */
export function uploadPaths(
  inbox: string,
  name: string,
): { readonly whole: string; readonly partial: string } {
  return { whole: join(inbox, name), partial: join(inbox, `.${name}.part`) };
}

/** What there is of an upload; undefined for nothing. */
export async function readUpload(inbox: string, name: string): Promise<UploadState | undefined> {
  const { whole, partial } = uploadPaths(inbox, name);
  return (await stateOf(whole, true)) ?? (await stateOf(partial, false));
}

/** Makes a partial upload one that a job can take. Returns false if another has that name. */
export async function completeUpload(inbox: string, name: string): Promise<boolean> {
  const { whole, partial } = uploadPaths(inbox, name);
  try {
    // A rename would replace what lies there.
    await link(partial, whole);
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
  await rm(partial);
  return true;
}

/** Takes back what came of a partial upload behind its first bytes; of one that had none, the file as well. */
export async function cutUpload(inbox: string, name: string, bytes: number): Promise<void> {
  const { partial } = uploadPaths(inbox, name);
  if (bytes === 0) await rm(partial, { force: true });
  else await truncate(partial, bytes);
}

/** Removes all there is of an upload. */
export async function removeUpload(inbox: string, name: string): Promise<void> {
  const { whole, partial } = uploadPaths(inbox, name);
  for (const path of [whole, partial]) await rm(path, { force: true });
}

async function stateOf(path: string, isWhole: boolean): Promise<UploadState | undefined> {
  try {
    const { size, ctimeMs } = await lstat(path);
    return { bytes: size, isWhole, expiresAt: new Date(ctimeMs + uploadPatience).toISOString() };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
