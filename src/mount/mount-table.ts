// What is mounted in this process's mount namespace, as the kernel tells it: /proc/self/mountinfo, proc(5).
import { readFileSync } from "node:fs";

/** A mount. */
export interface TableEntry {
  /** Absolute, seen from this process's root. */
  readonly target: string;
  readonly type: string;
  /** What was given as the device: a name where there is none. */
  readonly source: string;
}

/** Reads the table as it is now, in the order of mounting. */
export function readMountTable(): TableEntry[] {
  return parseMountTable(readFileSync("/proc/self/mountinfo"));
}

/** Reads the content of a mountinfo. Lines that do not have its form are passed over. */
export function parseMountTable(content: Buffer): TableEntry[] {
  return content
    .toString("latin1")
    .split("\n")
    .flatMap((line) => {
      // A number of optional fields stands before the separator.
      const [place = "", kind = ""] = line.split(" - ", 2);
      const target = place.split(" ")[4];
      const [type, source] = kind.split(" ");
      if (target === undefined || type === undefined || source === undefined) return [];
      return [{ target: unescapeField(target), type, source: unescapeField(source) }];
    });
}

/** Blanks, line feeds and backslashes stand there as `\ooo`. */
function unescapeField(field: string): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, "latin1").toString("utf8");
}
