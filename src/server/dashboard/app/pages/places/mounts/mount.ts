// A mount as the API has it.
import type { ChangeKind } from "../../../../../../terms/index.js";

export interface Mount {
  readonly mountId: string;
  /** The image on top. */
  readonly id: string;
  readonly target: string;
  readonly host: string;
  readonly driver: string;
  readonly layers: number;
  /** Where what is written goes; absent where nothing is. */
  readonly upper?: string;
  readonly state: "mounted" | "stale" | "unmounted" | "elsewhere";
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A path of a mount that was added, changed or deleted. */
export interface Change {
  readonly kind: ChangeKind;
  readonly path: string;
}
