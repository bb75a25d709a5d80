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
  readonly dueAt: number | null;
  readonly startedAt: number | null;
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
  readonly layerBytes: number | null;
  readonly archiveBytes: number | null;
  readonly computedAt: string | null;
  readonly shellLine: string | null;
}

export interface ImageDetails {
  readonly id: string;
  readonly names: readonly string[];
  readonly parent: string | null;
  readonly record: Readonly<Record<string, unknown>>;
  readonly layer: {
    readonly diffId?: string;
    readonly lossless?: boolean;
    readonly layerBytes: number;
    readonly entries: number;
    readonly whiteouts: number;
  } | null;
  readonly checksums: Readonly<Record<string, Checksum>>;
  /** The first of them. */
  readonly children: readonly string[];
  readonly childCount: number;
  readonly head: boolean;
  readonly mounts: readonly {
    readonly mountId: string;
    readonly target: string;
    readonly host: string;
    readonly driver: string;
    readonly state: string;
  }[];
}

export interface ImageSummary {
  readonly id: string;
  readonly names: readonly string[];
  readonly created: string | null;
  readonly comment: string | null;
  readonly layerBytes: number | null;
}

/** A row of the list of images. */
export interface ImageRow extends ImageSummary {
  readonly parent: string | null;
  readonly checksum: string | null;
  readonly checksums: readonly string[];
  readonly childCount: number;
  readonly mounts: number;
  readonly totalBytes: number | null;
  readonly broken?: { readonly code: string; readonly message: string };
}

export interface ImageWindow {
  readonly images: readonly ImageRow[];
  readonly total: number;
  readonly asOf: number;
  readonly outdated: boolean;
}

/** An image as its descendants' history has it. */
export interface HistoryImage extends ImageSummary {
  readonly createdBy: string | null;
}

export interface HistoryWindow {
  readonly history: readonly HistoryImage[];
  readonly total: number;
}

export interface NameRow {
  readonly name: string;
  readonly id: string;
  /** How many names its image has, this one among them. */
  readonly ofImage: number;
  /** Null for one that is gone. */
  readonly image: {
    readonly created: string | null;
    readonly comment: string | null;
    readonly broken?: string;
  } | null;
}

export interface NameWindow {
  readonly names: readonly NameRow[];
  readonly total: number;
}

export interface ImageFaults {
  readonly id: string;
  readonly names: readonly string[];
  readonly directory: string;
  readonly record: string | null;
  readonly recordBytes: number | null;
  readonly childCount: number;
  readonly faults: readonly {
    readonly code: string;
    readonly what: string;
    readonly path: string;
    readonly message: string;
    readonly repair: string | null;
  }[];
}

export interface Schedule {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly cron: string;
  readonly tz: string;
  readonly next: number;
  readonly last?: { readonly id: string; readonly at: number; readonly state: string };
}

export interface Queues {
  /** By queue and state how many jobs there are. */
  readonly queues: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By queue how many workers serve it. */
  readonly workers: Readonly<Record<string, number>>;
  /** The queues that are paused. */
  readonly paused: readonly string[];
}

type Gaps = readonly (number | null)[];

/** Why nothing of a batch is at work yet: its queue is paused, there is no worker, or other batches go first. */
export interface BatchWaits {
  readonly for: "resume" | "worker" | "turn";
  readonly behind: number;
}

/** How the jobs stand at one moment. */
export interface JobsNow {
  readonly at: number;
  readonly atWork: {
    readonly jobs: readonly JobRecord[];
    readonly count: number;
    readonly waitForThread: number;
  };
  readonly batches: readonly { readonly job: JobRecord; readonly waits: BatchWaits | null }[];
  readonly failures: {
    readonly since: number;
    readonly count: number;
    readonly isMore: boolean;
    readonly codes: readonly {
      readonly code: string;
      readonly count: number;
      readonly newest: readonly JobRecord[];
    }[];
  };
  readonly schedules: readonly Schedule[];
}

interface Disk {
  readonly bytesFree: number;
  readonly bytesTotal: number;
}

/** What has happened in the last hour. */
export interface LastHour {
  /** The time that a sample stands for, in ms. */
  readonly interval: number;
  /** Series of equal length. */
  readonly samples: {
    readonly at: readonly number[];
    readonly queues: Readonly<
      Record<
        string,
        { readonly waiting: Gaps; readonly active: Gaps; readonly delayed: Gaps; readonly failed: Gaps }
      >
    >;
    readonly completed: readonly number[];
    readonly failed: readonly number[];
    readonly cancelled: readonly number[];
    readonly compressedBytes: Gaps;
    readonly diskFree: Gaps;
  };
}

export interface Overview {
  readonly jobs: JobsNow;
  readonly queues: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The queues that are paused. */
  readonly paused: readonly string[];
  readonly workers: readonly {
    readonly id: string;
    readonly host: string;
    readonly version: string;
    readonly startedAt: number;
    readonly threads: { readonly total: number; readonly busy: number };
    readonly active: number;
    readonly draining: boolean;
    readonly disk: Disk | null;
  }[];
  readonly compressors: readonly {
    readonly id: string;
    readonly host: string;
    readonly version: string;
    readonly engine: { readonly name: string; readonly version: string };
    readonly startedAt: number;
    readonly slots: { readonly total: number; readonly busy: number };
    readonly made: { readonly blocks: number; readonly bytesIn: number; readonly bytesOut: number };
    /** Why a worker has shut it out; null for one that is trusted. */
    readonly refusal: string | null;
  }[];
  /** The blocks that are left to compressors. */
  readonly blocks: { readonly waiting: number; readonly active: number };
  /** How many compressors the workers have shut out. */
  readonly shutOut: number;
  readonly disk: Disk | null;
  readonly images: number;
}

export interface BatchChildren {
  readonly waits: BatchWaits | null;
  readonly counts: Readonly<Record<"waiting" | "active" | "completed" | "failed" | "cancelled", number>>;
  readonly active: readonly {
    readonly id: string;
    readonly image: string;
    readonly progress: Progress | null;
    readonly startedAt: number | null;
  }[];
  readonly failures: readonly FailedImage[];
  readonly next: string | null;
}

export interface FailedImage {
  /** Of the job, where it comes from a list of jobs. */
  readonly id: string;
  readonly image?: string;
  readonly code: string;
  readonly message: string;
}

export interface FoundImage {
  readonly id: string;
  readonly names: readonly string[];
  readonly comment: string | null;
  /** What of it matches. */
  readonly match: "name" | "id" | "comment";
}

export interface SearchAnswer {
  readonly images: readonly FoundImage[];
  /** How many images match in all. */
  readonly total: number;
  /** Null where Redis does not answer. */
  readonly jobs: readonly JobRecord[] | null;
  /** What the text names without doubt. */
  readonly target: {
    readonly kind: "image" | "job";
    readonly id: string;
    readonly queue: string | null;
  } | null;
}
