// What a registry may answer that no registry should: documents, headers and statuses, spoilt at random by a seed.
import type { OutgoingHttpHeaders } from "node:http";
import type { SeededRandom } from "../seeded-random.js";

/** An answer of a server. */
export interface MutableAnswer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

/** Stands in a document for arrays in arrays, so deep that what recurses runs out of stack. */
const deep = "\u0001deep\u0001";
const depth = 20_000;

/** How often they stand in a document at most: what is there 20,000 times would be longer than a string may be. */
const deepMost = 10;

/** Writes a document that was mutated. */
export function writeDocument(value: unknown): Buffer {
  const text = JSON.stringify(value) ?? "";
  let left = deepMost;
  const nested = () => (left-- > 0 ? "[".repeat(depth) + "]".repeat(depth) : "[]");
  return Buffer.from(text.replaceAll(JSON.stringify(deep), nested));
}

/** Changes a value at one to three places, and returns it. */
export function mutateDocument(random: SeededRandom, value: unknown): unknown {
  const holder = { value: structuredClone(value) };
  for (let left = random.between(1, 3); left > 0; left--) {
    const places = placesIn(holder);
    const { container, key } = random.pick(places);
    const old = container[key];
    const others = places.map((place) => place.container[place.key]);
    const how = random.pick(["weird", "weird", "delete", "other", "twice", "more", "many"] as const);
    if (how === "delete") {
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else if (container !== (holder as unknown)) delete container[key];
    } else if (how === "other") container[key] = structuredClone(random.pick(others));
    else if (how === "twice" && Array.isArray(container)) container.push(structuredClone(old) as never);
    else if (how === "more" && typeof old === "object" && old !== null) {
      Object.assign(old, { [random.pick(keys)]: weird(random) });
    } else if (how === "many" && Array.isArray(old) && old.length > 0) {
      container[key] = Array.from({ length: random.pick([200, 20_000]) }, () => old[0] as unknown);
    } else container[key] = weird(random);
  }
  return holder.value;
}

/** Changes bytes. */
export function mutateBytes(random: SeededRandom, bytes: Buffer): Buffer {
  const at = random.between(0, Math.max(0, bytes.length - 1));
  const changed = Buffer.from(bytes);
  switch (random.pick(["flip", "cut", "insert", "twice", "other", "other"] as const)) {
    case "flip":
      if (bytes.length > 0) changed[at] = (changed[at] ?? 0) ^ (1 << random.between(0, 7));
      return changed;
    case "cut":
      return changed.subarray(0, at);
    case "insert":
      return Buffer.concat([changed.subarray(0, at), Buffer.from(random.pick(texts)), changed.subarray(at)]);
    case "twice":
      return Buffer.concat([changed, changed]);
    default:
      return Buffer.from(
        random.pick(["", "null", "[]", "1", '"x"', "{", "\ufeff{}", "\xff\xfe", "[[[[", "{}"]),
        "latin1",
      );
  }
}

/** Changes an answer's status, one of its headers, its body, or all of that. */
export function mutateAnswer(random: SeededRandom, answer: MutableAnswer, host: string): MutableAnswer {
  const { status, headers, body } = answer;
  const mutated = { status, headers: { ...headers }, body };
  if (random.chance(0.4)) mutated.status = random.pick(statuses);
  if (random.chance(0.3)) mutated.body = mutateBytes(random, body);
  for (let left = random.between(0, 2); left > 0; left--) {
    const name = random.pick(headerNames);
    const value = headerValue(random, host);
    if (random.chance(0.2)) delete mutated.headers[name];
    else mutated.headers[name] = random.chance(0.1) ? [value, headerValue(random, host)] : value;
  }
  return mutated;
}

function headerValue(random: SeededRandom, host: string): string {
  return random.pick(values).replaceAll("HOST", host);
}

const statuses = [
  ...[
    200, 201, 202, 203, 204, 205, 206, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404,
  ],
  ...[405, 406, 408, 410, 413, 414, 416, 418, 425, 429, 451, 500, 501, 502, 503, 504, 507, 599, 600, 999],
];
const headerNames = [
  ...["content-type", "content-length", "content-range", "content-encoding", "docker-content-digest"],
  ...["www-authenticate", "www-authenticate", "location", "location", "retry-after", "range", "etag"],
  ...["oci-chunk-min-length", "docker-upload-uuid", "trailer", "date"],
];
const values = [
  ...["", "0", "1", "-1", "1e9", "99999999999999999999", "NaN", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ...[
    "Thu, 01 Jan 2099 00:00:00 GMT",
    "identity",
    "gzip",
    "IDENTITY, br",
    "chunked",
    "text/html",
    "a/b; c=d",
  ],
  ...["application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"],
  ...["application/vnd.docker.distribution.manifest.v1+prettyjws", "application/json; charset=utf-16"],
  ...[`sha256:${"0".repeat(64)}`, "sha256:", "sha512:00", "md5:x", "sha256:../../x"],
  ...["bytes 0-0/1", "bytes */*", "bytes 5-1/9", "0-0", "0-99999999999", "bytes=0-10", "5-1"],
  ...[
    "Basic",
    'Basic realm="x"',
    "Bearer",
    'Bearer realm=""',
    'Bearer realm="x"',
    'Bearer realm="http://HOST/token"',
  ],
  ...[
    'Bearer realm="http://HOST/token",scope="a b c",service="\\"\\\\"',
    'Bearer realm="http://169.254.169.254/"',
  ],
  ...[
    'Bearer realm="http://u:p@HOST/token"',
    'Bearer realm="file:///etc/passwd"',
    'Bearer realm="http://[::1"',
  ],
  ...[
    'Bearer realm="http://HOST/token',
    "Bearer ,,,=,",
    "Negotiate abc==",
    ", , ,Bearer realm=http://HOST/token",
  ],
  ...[
    "/v2/tests/image/manifests/latest",
    "//",
    "http://",
    "http://[::1",
    "http://a:b@HOST/",
    "file:///etc/passwd",
  ],
  ...[
    "https://HOST/",
    "http://HOST/loop",
    "?",
    "#",
    "http://169.254.169.254/",
    "http://HOST:99999/",
    "\\\\HOST\\x",
  ],
  ...["x".repeat(9_000), "\u00e9\u00ff", "/%00%zz", "/a b", "data:,x", "http://\u00ff/"],
];
const keys = [
  "mediaType",
  "digest",
  "size",
  "urls",
  "data",
  "artifactType",
  "subject",
  "platform",
  "variant",
  "annotations",
];
const texts = ["\0", '"', "{", "}", ",", "\u2028", "\xff", "null", " ".repeat(70_000), "\r\n\r\n"];
const weirdValues: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 53 - 1, 4 * 1024 ** 2 + 1],
  ...[
    "",
    "x",
    " ",
    "\0",
    "..",
    "../../etc/passwd",
    "/",
    "constructor",
    "__proto__",
    "\ud800",
    "x".repeat(100_000),
  ],
  ...[
    "sha256:",
    `sha256:${"0".repeat(64)}`,
    `sha256:${"A".repeat(64)}`,
    `sha512:${"0".repeat(128)}`,
    "sha256:../x",
  ],
  ...["application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.layer.nondistributable.v1.tar"],
  ...[
    "application/vnd.oci.empty.v1+json",
    "windows",
    "amd64",
    "2024-13-45T99:99:99Z",
    "1e5",
    "schemaVersion",
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    [{}],
    { length: 1 },
    { toString: 1 },
    { digest: "x" },
    ["sha256:x"],
    deep,
    [deep],
    { deep },
  ],
];

function weird(random: SeededRandom): unknown {
  return structuredClone(random.pick(weirdValues));
}

type Container = Record<string, unknown> & unknown[];

/** Every place of a value, by what holds it. */
function placesIn(value: object): { readonly container: Container; readonly key: string }[] {
  return Object.keys(value)
    .slice(0, 50)
    .flatMap((key) => {
      const container = value as Container;
      const held = container[key as never] as unknown;
      const below = typeof held === "object" && held !== null ? placesIn(held) : [];
      return [{ container, key }, ...below];
    });
}
