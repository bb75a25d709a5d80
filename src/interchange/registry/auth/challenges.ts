// Reads the challenges of a 401: `WWW-Authenticate` (RFC 9110, 11.6.1), of which one header may hold several.

/** One challenge. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /[!#$%&'*+\-.^_`|~\w]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
/** What `Negotiate` and its kin have in place of parameters. */
const token68 = /[\w\-.~+/]+=*[ \t]*(?=,|$)/y;
const separators = /[ \t,]*/y;
const blanks = /[ \t]*/y;

/** Reads headers as far as they are well formed. */
export function parseChallenges(headers: string | readonly string[] | undefined): readonly Challenge[] {
  return [headers ?? []].flat().flatMap((header) => parseHeader(header));
}

function parseHeader(header: string): Challenge[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at += match[0].length;
    return match ?? undefined;
  };
  for (;;) {
    take(separators);
    const name = take(token)?.[0];
    if (name === undefined) return found;
    take(blanks);
    if (header[at] !== "=") {
      found.push({ scheme: name.toLowerCase(), parameters: new Map() });
      take(token68);
      continue;
    }
    at++;
    take(blanks);
    const value = take(quoted)?.[1]?.replace(/\\(.)/g, "$1") ?? take(token)?.[0];
    const parameters = found.at(-1)?.parameters;
    if (value === undefined || parameters === undefined) return found;
    // The first one counts: a later one could contradict it.
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
  }
}
