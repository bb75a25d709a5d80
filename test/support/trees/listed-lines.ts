// The lines of `listTree`, taken apart.

/** The lines by their path, a latin1 string. */
export function linesByPath(lines: readonly string[]): Map<string, string> {
  return new Map(lines.map((line) => [pathOf(line), line]));
}

/** The path that a line is about. */
export function pathOf(line: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(line)?.[1] ?? "";
  return quoted.replace(/\\(?:x(..)|u(....)|(.))/gs, (_, byte?: string, unit?: string, plain?: string) => {
    const code = byte ?? unit;
    return code === undefined ? unescaped(plain) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

function unescaped(letter = ""): string {
  return { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" }[letter] ?? letter;
}
