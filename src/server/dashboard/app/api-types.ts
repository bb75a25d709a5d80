// What the API answers, as far as these pages read it.

export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: "bytes" | "entries" | "images";
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
}

/** Times are in ms since the epoch. */
export interface JobRecord {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: string;
  readonly data: unknown;
  readonly progress: Progress | null;
  readonly result: unknown;
  readonly failedReason: string | null;
  readonly attempts: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

export interface JobPage {
  readonly jobs: readonly JobRecord[];
  readonly next: string | null;
}

export interface JobEvent {
  readonly queue: string;
  readonly id: string;
  readonly name?: string;
  readonly state: string;
  readonly progress?: Progress;
  readonly error?: { readonly code: string; readonly message: string };
  readonly at: number;
}

export interface Session {
  readonly role: "read" | "full";
  readonly login: boolean;
  readonly graph: string;
}

export interface Checksum {
  readonly checksum: string;
  readonly tarDigest: string | null;
  readonly layerBytes: number;
  readonly archiveBytes: number | null;
  readonly computedAt: string | number | null;
  readonly shellLine: string | null;
}

export interface ImageDetails {
  readonly id: string;
  readonly parent: string | null;
  readonly record: Readonly<Record<string, unknown>>;
  readonly layer: Readonly<Record<string, unknown>> | null;
  readonly checksums: Readonly<Record<string, Checksum>>;
  readonly children: readonly string[];
  readonly head: boolean;
  readonly mounts: readonly Readonly<Record<string, unknown>>[];
}

export interface HistoryEntry {
  readonly id: string;
  readonly created?: string | null;
  readonly comment?: string | null;
  readonly layerBytes?: number | null;
}

export interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly cron?: string;
  readonly every?: number;
  readonly next?: number | null;
  readonly timeZone?: string;
}
