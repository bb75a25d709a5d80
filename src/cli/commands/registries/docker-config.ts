// The file of credentials that Docker, podman, skopeo and a worker's `--registry-auth` read: `config.json`. What is in it
// besides the entry that changes stays as it is.
import { randomUUID } from "node:crypto";
import { constants, mkdirSync } from "node:fs";
import { open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory, writeDurably } from "../../../disk/index.js";
import {
  dockerConfigKey,
  isErrno,
  parseRegistryReference,
  quote,
  StevedoreError,
} from "../../../terms/index.js";

/** As it is written: a registry's user and password, joined by a colon, in base64. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly [other: string]: unknown;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** A file with credentials is small; a longer one is something else. */
const longestFile = 1024 ** 2;

/**
 * The registry that a user names, as references do.
 * @throws `INVALID_OPTION` for what is no host
 */
export function registryHost(text: string): string {
  try {
    const { host, repository } = parseRegistryReference(`${text}/a/b`);
    if (repository === "a/b") return host;
  } catch {
    // It is told of below.
  }
  throw new StevedoreError(
    "INVALID_OPTION",
    `${quote(text)} is not a registry: name its host as references do, such as docker.io or registry.example:5000`,
  );
}

/**
 * Writes a registry's entry, mode 0600: a reader sees the old file or the new, whole.
 * @throws `INVALID_OPTION` for a file that is none of Docker's, or that leaves this registry to a credential helper
 */
export async function storeCredentials(
  path: string,
  host: string,
  { user, password }: Credentials,
): Promise<void> {
  const config = (await readConfig(path)) ?? {};
  const helper =
    config.credHelpers?.[dockerConfigKey(host)] ?? config.credHelpers?.[host] ?? config.credsStore;
  if (helper !== undefined && helper !== "") {
    throw new StevedoreError(
      "INVALID_OPTION",
      `${path} has the credentials of ${host} kept by docker-credential-${helper}: docker login gives them to it`,
    );
  }
  const auth = Buffer.from(`${user}:${password}`).toString("base64");
  await writeConfig(path, {
    ...config,
    auths: { ...otherAuths(config, host), [dockerConfigKey(host)]: { auth } },
  });
}

/**
 * The registries that a file has something for, as references name them, sorted; undefined where there is no file.
 * @throws `INVALID_OPTION` for a file that is none of Docker's, or cannot be read
 */
export async function knownRegistries(path: string): Promise<readonly string[] | undefined> {
  const config = await readConfig(path);
  if (config === undefined) return undefined;
  const keys = [...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})];
  return [...new Set(keys.map(hostOfKey))].sort();
}

/** Removes a registry's entry, however it is spelt. @returns whether there was one @throws as `storeCredentials` */
export async function removeCredentials(path: string, host: string): Promise<boolean> {
  const config = await readConfig(path);
  const auths = config?.auths ?? {};
  const others = config === undefined ? {} : otherAuths(config, host);
  if (Object.keys(others).length === Object.keys(auths).length) return false;
  await writeConfig(path, { ...config, auths: others });
  return true;
}

/** The entries of all other registries. */
function otherAuths({ auths = {} }: DockerConfig, host: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => hostOfKey(key) !== host));
}

/** Docker has written keys as hosts and as URLs; those of podman may have a path, which is for that path alone. */
function hostOfKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  return bare === "index.docker.io" ? "docker.io" : bare;
}

/** @returns undefined where there is no file, or an empty one */
async function readConfig(path: string): Promise<DockerConfig | undefined> {
  const text = await readText(path);
  if (text === undefined || text.trim() === "") return undefined;
  const wrong = () =>
    new StevedoreError("INVALID_OPTION", `${path} is not a config.json of Docker: nothing was changed`);
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // Not the parser's own words: they quote the file.
    throw wrong();
  }
  if (!isObject(config)) throw wrong();
  const { auths = {}, credHelpers = {}, credsStore = "" } = config;
  if (!isObject(auths) || !isObject(credHelpers) || typeof credsStore !== "string") throw wrong();
  return config as DockerConfig;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    // A fifo is not waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      if (size > longestFile) {
        throw new StevedoreError("INVALID_OPTION", `${path} has more than ${longestFile} bytes`);
      }
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw asOption(error);
  }
}

async function writeConfig(path: string, config: DockerConfig): Promise<void> {
  // Where it is a link, as of those who keep their settings elsewhere, it stays one.
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${randomUUID()}`;
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    await writeDurably(temporary, `${JSON.stringify(config, null, "\t")}\n`);
    await rename(temporary, target);
    await syncDirectory(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true });
    throw asOption(error);
  }
}

/** What the system says of the file, which the user has named. */
function asOption(error: unknown): unknown {
  return isErrno(error, "EACCES", "EPERM", "EISDIR", "ENOTDIR", "EROFS", "ELOOP")
    ? new StevedoreError("INVALID_OPTION", error.message, { cause: error })
    : error;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
