// What the API answers of the contents of images, as far as these pages read it.

export type ChangeKind = "add" | "modify" | "delete";

export interface FileEntry {
  readonly path: string;
  readonly name: string;
  readonly kind: ChangeKind | null;
  readonly type: "file" | "directory" | "symlink" | "character" | "block" | "fifo" | "socket";
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: string;
  readonly target: string | null;
  readonly device: string | null;
  readonly layer: string;
}

export interface FilesPage {
  readonly entries: readonly FileEntry[];
  readonly next: string | null;
}

export interface LayerStep {
  readonly layer: string | null;
  readonly created: string | null;
  readonly createdBy: string | null;
  readonly comment: string | null;
  readonly layerBytes: number;
}

export interface Waste {
  readonly efficiency: number;
  readonly totalBytes: number;
  readonly wastedBytes: number;
  readonly layers: readonly { readonly id: string; readonly bytes: number; readonly wastedBytes: number }[];
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    readonly times: number;
    readonly isGone: boolean;
  }[];
  readonly count: number;
}

export interface DiffPage {
  readonly changes: readonly {
    readonly kind: ChangeKind;
    readonly path: string;
    readonly type: FileEntry["type"];
    readonly size: number | null;
    readonly formerSize: number | null;
    readonly differs: readonly string[];
  }[];
  readonly counts: Readonly<Record<ChangeKind, number>>;
  readonly bytes: { readonly before: number; readonly after: number };
  readonly next: string | null;
}

/** What a change is called. */
export const kindWords: Readonly<Record<ChangeKind, string>> = {
  ...{ add: "added", modify: "changed", delete: "deleted" },
};
