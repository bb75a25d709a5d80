// The uploads of this browser. They go on while other pages are looked at, and after a reload once the file is chosen
// again.
import { signal } from "@preact/signals";
import { ApiError, ask } from "../api.js";
import { forgetUpload, type KeptUpload, keptUploadOf, keptUploads } from "./kept-names.js";
import { askUpload, pathOfUpload, sendRest } from "./transfer.js";

/**
 * `waiting` for others; `sending`; `paused`; `broken`, to be tried again by itself; `parted` from its file by a reload;
 * `refused` by the server; `whole`.
 */
export type UploadState = "waiting" | "sending" | "paused" | "broken" | "parted" | "refused" | "whole";

export interface Upload extends KeptUpload {
  /** Undefined after a reload, until it is chosen again. */
  readonly file: File | undefined;
  readonly state: UploadState;
  /** How many bytes have gone. */
  readonly sent: number;
  /** When it began to send this time, in ms since the epoch, and how much had gone before. */
  readonly since: { readonly at: number; readonly sent: number };
  /** Why it is broken or refused. */
  readonly why: string;
}

/** In the order in which they were begun. */
export const uploads = signal<readonly Upload[]>([]);

/** How many are sent at a time. */
const atATime = 2;
/** How long until one that broke is tried again, in ms. */
const interval = 2_000;

/** What ends each that is being sent. */
const senders = new Map<string, AbortController>();

/** Begins to upload a file, or goes on with it. */
export function uploadFile(file: File): void {
  const kept = keptUploadOf(file);
  const known = find(kept.name);
  if (known?.state === "whole" || senders.has(kept.name)) return;
  const upload = { ...(known ?? asUpload(kept)), file, state: "waiting", why: "" } as const;
  uploads.value = [...uploads.value.filter(({ name }) => name !== kept.name), upload];
  sendNext();
}

/** Lists what was begun before a reload, as far as the server has it still. */
export async function recallUploads(): Promise<void> {
  for (const kept of keptUploads()) {
    if (find(kept.name) !== undefined) continue;
    const { bytes, complete } = await askUpload(kept.name);
    if (bytes === 0) forgetUpload(kept.name);
    else if (find(kept.name) === undefined) {
      uploads.value = [
        ...uploads.value,
        { ...asUpload(kept), sent: bytes, state: complete ? "whole" : "parted" },
      ];
    }
  }
}

/** Stops to send; what has come stays on the server for an hour. */
export function pauseUpload(name: string): void {
  change(name, { state: "paused" });
  senders.get(name)?.abort();
}

export function resumeUpload(name: string): void {
  change(name, { state: "waiting", why: "" });
  sendNext();
}

/** Removes what has come. Throws an ApiError. */
export async function giveUpUpload(name: string): Promise<void> {
  pauseUpload(name);
  const { bytes } = await askUpload(name);
  for (let again = bytes > 0; again; ) again = !(await isDeleted(name));
  dropUpload(name);
}

/** False while the request that was just ended is still being taken in. Throws an ApiError. */
async function isDeleted(name: string): Promise<boolean> {
  try {
    await ask(pathOfUpload(name), { method: "DELETE" });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    await pause(interval);
    return false;
  }
}

/** It is no more of interest: a job has it. */
export function dropUpload(name: string): void {
  forgetUpload(name);
  uploads.value = uploads.value.filter((each) => each.name !== name);
  sendNext();
}

function asUpload(kept: KeptUpload): Upload {
  return { ...kept, file: undefined, state: "waiting", sent: 0, since: { at: Date.now(), sent: 0 }, why: "" };
}

function find(name: string): Upload | undefined {
  return uploads.value.find((each) => each.name === name);
}

function change(name: string, changes: Partial<Upload>): void {
  uploads.value = uploads.value.map((each) => (each.name === name ? { ...each, ...changes } : each));
}

function sendNext(): void {
  for (const { name, file, state } of uploads.value) {
    if (senders.size >= atATime) return;
    if (state !== "waiting" || file === undefined || senders.has(name)) continue;
    const sender = new AbortController();
    senders.set(name, sender);
    void send(name, file, sender.signal).finally(() => {
      senders.delete(name);
      sendNext();
    });
  }
}

/** Until it is whole, paused or refused. */
async function send(name: string, file: File, signal: AbortSignal): Promise<void> {
  let hasBegun = false;
  const onSent = (sent: number) => {
    if (signal.aborted) return;
    change(name, {
      state: "sending",
      sent,
      why: "",
      ...(hasBegun ? {} : { since: { at: Date.now(), sent } }),
    });
    hasBegun = true;
  };
  while (!signal.aborted) {
    hasBegun = false;
    try {
      await sendRest(name, file, onSent, signal);
      return change(name, { state: "whole", sent: file.size });
    } catch (error) {
      if (signal.aborted) return;
      const { message } = error as Error;
      // The request that broke may not have ended on the server yet.
      const mayPass = error instanceof ApiError && (error.isPassing || [408, 409].includes(error.status));
      if (!mayPass) return change(name, { state: "refused", why: message });
      change(name, { state: "broken", why: message });
      await pause(interval, signal);
    }
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
