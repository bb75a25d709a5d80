// Selects the fields of a record's `config` that go into the config of an exported image: those that Docker and OCI
// know. A field of the wrong type is left out, because a reader written in Go would refuse the whole image.

/**
 * A test for each field of Docker's `container.Config` (image spec v1.2). OCI image-spec 1.1, config.md, has a part.
 */
const isOfType: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...each(isString, ["Hostname", "Domainname", "User", "Image", "WorkingDir", "MacAddress", "StopSignal"]),
  ...each(isBoolean, ["AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"]),
  ...each(isBoolean, ["ArgsEscaped", "NetworkDisabled"]),
  ...each(isStrings, ["Env", "Cmd", "Entrypoint", "OnBuild", "Shell"]),
  ...each(isSet, ["ExposedPorts", "Volumes"]),
  ...each(isStringMap, ["Labels"]),
  ...each(isInteger, ["StopTimeout"]),
  ...each(isHealthcheck, ["Healthcheck"]),
};

/** Returns the fields of a record's `config` that are known and of the right type, in their order. */
export function knownConfigFields(config: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => Object.hasOwn(isOfType, name) && isOfType[name]?.(value),
    ),
  );
}

/** True for a time that Go parses: RFC 3339, with a day that exists in its month. */
export function isGoTime(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const [, year, month, day] = rfc3339.exec(value) ?? [];
  if (year === undefined) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

export function isString(value: unknown): value is string {
  return typeof value === "string";
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString);
}

function each(test: (value: unknown) => boolean, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, test]));
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

/** True for a set as Docker writes it: an object whose values are empty objects. */
function isSet(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => isObject(each));
}

function isStringMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(isString);
}

function isHealthcheck(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, each]) => (name === "Test" ? isStrings(each) : isInteger(each)))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
