// Reads a `Range` field of one range of bytes (RFC 9110, section 14.2).

export interface ByteRange {
  /** The first byte. */
  readonly start: number;
  /** The byte behind the last. */
  readonly end: number;
}

/**
 * The range that is asked for of so many bytes. Undefined for no field, and for one that may be passed over: of another
 * unit, of several ranges, or malformed. Of no bytes there is no part.
 */
export function readRange(field: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(field?.trim() ?? "") ?? [];
  if (size === 0 || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  return start < end ? { start, end } : "unsatisfiable";
}
