// The credentials of a worker: a `config.json` as `docker login` writes it. Errors name the file and never what is in it.
import { open } from "node:fs/promises";
import { z } from "zod";
import { dockerConfigKey, quote, StevedoreError } from "../../../terms/index.js";
import { errnoOf } from "../http/index.js";
import { askHelper } from "./credential-helper.js";

/** What a registry is told. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** What a token server takes in place of a password. */
  | { readonly identityToken: string };

/** Docker's own registry, as references name it. */
const dockerHost = "docker.io";

const longestFile = 1024 ** 2;

const entry = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const configFile = z.looseObject({
  auths: z.record(z.string(), entry).nullish(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
});

/**
 * Finds the credentials for a registry.
 * @param host as references name it, such as `docker.io`
 * @returns undefined if there are none
 * @throws `INTERNAL` if the file cannot be read, or a helper fails; `TOOL_MISSING` for a helper that is not installed
 */
export async function findCredentials(
  file: string,
  host: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const { auths, credsStore, credHelpers } = await readConfig(file);
  const helper = valueFor(host, credHelpers ?? {}) ?? credsStore;
  if (helper !== undefined && helper !== "") {
    const found = await askHelper(helper, dockerConfigKey(host), signal);
    if (found !== undefined) return credentialsOf(found.username, found.password);
  }
  const known = valueFor(host, auths ?? {});
  if (known === undefined) return undefined;
  if (known.identitytoken !== undefined && known.identitytoken !== "") {
    return { identityToken: known.identitytoken };
  }
  if (known.auth !== undefined && known.auth !== "") {
    const text = Buffer.from(known.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon < 0) throw unusable(file, `the "auth" for ${host} is not the base64 of user:password`);
    return credentialsOf(text.slice(0, colon), text.slice(colon + 1));
  }
  if (known.username === undefined || known.password === undefined) return undefined;
  return credentialsOf(known.username, known.password);
}

/** Helpers and `docker login` have this name for a password that is an identity token. */
function credentialsOf(username: string, password: string): Credentials {
  return username === "<token>" ? { identityToken: password } : { username, password };
}

/** Docker has written keys as URLs and as hosts. */
function valueFor<Value>(host: string, values: Readonly<Record<string, Value>>): Value | undefined {
  const hosts = host === dockerHost ? [dockerHost, "index.docker.io", "registry-1.docker.io"] : [host];
  const [first] = hosts.flatMap((name) => (Object.hasOwn(values, name) ? [values[name]] : []));
  if (first !== undefined) return first;
  const isFor = (key: string) =>
    hosts.includes(/^(?:https?:\/\/)?([^/]+)(?:\/(?:v[12]\/?)?)?$/i.exec(key)?.[1] ?? "");
  return Object.entries(values).find(([key]) => isFor(key))?.[1];
}

async function readConfig(file: string): Promise<z.output<typeof configFile>> {
  let value: unknown;
  try {
    value = JSON.parse(await readText(file));
  } catch (error) {
    // A parser's message quotes what it parses.
    if (error instanceof SyntaxError) throw unusable(file, "it is not JSON");
    throw error;
  }
  const parsed = configFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw unusable(file, `it is not a config.json of Docker${where === "" ? "" : `: see ${where}`}`);
}

async function readText(file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > longestFile) throw unusable(file, `it is longer than ${longestFile} bytes`);
    return await handle.readFile("utf8");
  } catch (error) {
    if (error instanceof StevedoreError) throw error;
    throw unusable(file, errnoOf(error));
  }
}

function unusable(file: string, why: string): StevedoreError {
  return new StevedoreError("INTERNAL", `--registry-auth ${quote(file)} cannot be used: ${why}`);
}
