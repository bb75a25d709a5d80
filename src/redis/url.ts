// Reads Redis URLs: where Redis is (a server, a socket, a cluster, or behind sentinels), the user, and the certificates.
import { JobError } from "../terms/index.js";

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files, and the name in the server's certificate if it is not the host's. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

/** The credentials of a connection. */
interface RedisUser {
  readonly username?: string;
  readonly password?: string;
}

interface RedisAddress extends RedisUser {
  readonly form: "server" | "socket" | "cluster" | "sentinel";
  /** Where the socket is. */
  readonly path?: string;
  /** The server, some nodes of the cluster, or the sentinels. */
  readonly hosts: readonly RedisHost[];
  /** The master's name among the sentinels. */
  readonly master?: string;
  readonly db?: number;
  /** There if the connection uses TLS, even if no file is named. */
  readonly tls?: TlsFiles;
  /** The credentials for the sentinels. */
  readonly sentinelUser?: RedisUser;
}

const forms = {
  redis: { form: "server", isSecure: false },
  rediss: { form: "server", isSecure: true },
  unix: { form: "socket", isSecure: false },
  "redis+cluster": { form: "cluster", isSecure: false },
  "rediss+cluster": { form: "cluster", isSecure: true },
  "redis+sentinel": { form: "sentinel", isSecure: false },
  "rediss+sentinel": { form: "sentinel", isSecure: true },
} as const;

const tlsParameters = ["ca", "cert", "key", "servername"] as const;
const sentinelParameters = ["sentinelUsername", "sentinelPassword"] as const;

/**
 * Reads a Redis URL, in one of the forms of docs/redis.md, or a plain absolute path of a socket. No file is read.
 * @throws `INVALID_OPTION` for anything else; the message repeats no password
 */
export function readRedisUrl(url: string): RedisAddress {
  if (url.startsWith("/")) return { form: "socket", path: url, hosts: [] };
  const [, scheme = "", authority = "", path = "", rest = ""] =
    /^([^:/]*):\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(url) ?? [];
  const known = forms[scheme.toLowerCase() as keyof typeof forms];
  if (known === undefined) {
    throw refusal(
      "is not valid: it begins with redis://, rediss:// (TLS), redis+cluster://, rediss+cluster://, " +
        "redis+sentinel://, rediss+sentinel:// or unix://, or is the absolute path of a socket",
    );
  }
  // Refused, because it may be a part of a password, which a later error would repeat.
  if (/[@#]/.test(path + rest)) {
    throw refusal("has a /, ?, # or @ that must be written %2F, %3F, %23 or %40 (as in a password)");
  }
  const { form, isSecure } = known;
  const at = authority.lastIndexOf("@");
  const parameters = readParameters(rest.slice(1), form, isSecure);
  const user = readUser(authority.slice(0, Math.max(at, 0)));
  const names = authority.slice(at + 1);
  const tls = isSecure ? { tls: pick(parameters, tlsParameters) } : {};

  if (form === "socket") {
    if (names !== "" || path === "") throw refusal("names no socket: use unix:///path/redis.sock");
    return { form, path: decode(path), hosts: [], ...user };
  }
  if (form === "server") {
    if (names.includes(",")) {
      const secure = isSecure ? "rediss" : "redis";
      throw refusal(
        `names several hosts: use ${secure}+cluster:// for a cluster, ${secure}+sentinel:// for sentinels`,
      );
    }
    return {
      form,
      hosts: [readHost(names === "" ? "127.0.0.1" : names, 6379)],
      ...user,
      ...readDatabase(path.slice(1)),
      ...tls,
    };
  }
  if (form === "cluster") {
    if (!/^(\/0?)?$/.test(path)) throw refusal("asks for a database, but a cluster has only the one");
    return { form, hosts: names.split(",").map((name) => readHost(name, 6379)), ...user, ...tls };
  }
  const [, master = "", db = "", ...more] = path.split("/").map(decode);
  if (master === "" || more.length > 0) {
    throw refusal("does not name the master: use redis+sentinel://HOST:26379,HOST:26379/MASTER[/DB]");
  }
  const { sentinelUsername: username, sentinelPassword: password } = parameters;
  return {
    form,
    hosts: names.split(",").map((name) => readHost(name, 26379)),
    master,
    ...user,
    ...readDatabase(db),
    ...tls,
    sentinelUser: {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
  };
}

/** A Redis URL as it may be shown: without the user, the password and the files. @throws as `readRedisUrl` */
export function describeRedis(url: string): string {
  const { form, path, hosts, master } = readRedisUrl(url);
  const names = hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
  if (form === "cluster") return `${names.join(",")} (cluster)`;
  if (form === "sentinel") return `${names.join(",")}/${master} (sentinel)`;
  return path ?? names.join();
}

function refusal(message: string): JobError {
  return new JobError("INVALID_OPTION", `the Redis URL ${message}`);
}

function readUser(text: string): RedisUser {
  const colon = text.indexOf(":");
  const [username, password] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  return {
    ...(username === "" ? {} : { username: decode(username) }),
    ...(password === "" ? {} : { password: decode(password) }),
  };
}

function readHost(text: string, defaultPort: number): RedisHost {
  const [, host, port = String(defaultPort)] = /^(\[[^[\]]+\]|[^\s:[\]]+)(?::(\d+))?$/.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw refusal("has a host that is not valid: each is HOST:PORT, with commas between them");
  }
  return { host: decode(host.replace(/^\[(.*)\]$/, "$1")), port: Number(port) };
}

function readDatabase(text: string): { readonly db?: number } {
  if (text === "") return {};
  if (!/^\d{1,9}$/.test(text)) throw refusal("has a database that is not a number");
  return { db: Number(text) };
}

/** The parameters by name. @throws `QUEUE_UNAVAILABLE` for one that this form of URL does not take */
function readParameters(
  query: string,
  form: RedisAddress["form"],
  isSecure: boolean,
): Partial<Record<string, string>> {
  const known: readonly string[] = [
    ...(isSecure ? tlsParameters : []),
    ...(form === "sentinel" ? sentinelParameters : []),
  ];
  const parameters: Partial<Record<string, string>> = {};
  for (const part of query.split("&").filter((each) => each !== "")) {
    const [, rawName = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(part) ?? [];
    const name = decode(rawName);
    if (!known.includes(name)) {
      // It may be the rest of a password.
      if (parameters.sentinelPassword !== undefined)
        throw refusal("has an unknown parameter after sentinelPassword: a & in a password is written %26");
      throw refusal(unknownParameter(name, known));
    }
    if (value === "") throw refusal(`has no value for ${name}`);
    if (parameters[name] !== undefined) throw refusal(`has ${name} twice`);
    parameters[name] = decode(value);
  }
  if ((parameters.cert === undefined) !== (parameters.key === undefined)) {
    throw refusal("has one of cert and key without the other");
  }
  return parameters;
}

function unknownParameter(name: string, known: readonly string[]): string {
  const isForTls = (tlsParameters as readonly string[]).includes(name);
  if (isForTls) return `has the parameter ${name}, which needs TLS: begin with rediss`;
  const others = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
  return `has the unknown parameter ${JSON.stringify(name)}: ${others}`;
}

function pick<Name extends string>(
  from: Partial<Record<string, string>>,
  names: readonly Name[],
): { [Each in Name]?: string } {
  return Object.fromEntries(
    names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
  ) as { [Each in Name]?: string };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("has a % that does not begin an escape: it must be written %25");
  }
}
