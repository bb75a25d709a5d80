// docker-compose.yml: what the Compose Specification's own schema says of it, and what is easily lost in it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const project = join(import.meta.dirname, "../..");
const schemaFile = join(import.meta.dirname, "../fixtures/compose-spec/compose-spec.json");
const read = (): Compose => parse(readFileSync(join(project, "docker-compose.yml"), "utf8"), { merge: true });

interface Service {
  command: string[];
  [name: string]: unknown;
}
interface Compose {
  services: Record<"redis" | "worker" | "server" | "compressor", Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, unknown>;
}

function problemsOf(document: unknown): string[] {
  const { $schema, ...schema } = JSON.parse(readFileSync(schemaFile, "utf8"));
  expect($schema).toBe("https://json-schema.org/draft-07/schema");
  const ajv = new Ajv({ allErrors: true, strict: false });
  addFormats.default(ajv, ["duration", "uri"]);
  // Only what the specification itself gives a meaning to beyond JSON Schema.
  ajv.addFormat("ports", true).addFormat("expose", true).addFormat("subnet_ip_address", true);
  const isValid = ajv.compile(schema);
  if (isValid(document)) return [];
  return (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** A variable of the environment, as the file names it, and its default. */
function setting(name: string, otherwise: string): string {
  return `\${${name}:-${otherwise}}`;
}

describe("docker-compose.yml", () => {
  it("is what the Compose Specification describes", () => {
    expect(problemsOf(read())).toEqual([]);
    const wrong = { ...read(), services: { worker: { imagee: "x", restart: 3 } } };
    expect(problemsOf(wrong)).toContain("/services/worker must NOT have additional properties");
  });

  it("is so with what docs/deploy.md adds to it", () => {
    const text = readFileSync(join(project, "docs/deploy.md"), "utf8");
    const additions = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = ""]) => parse(block));
    expect(additions.map(({ services }) => Object.keys(services))).toEqual([["worker"], ["worker-2"]]);
    for (const addition of additions) expect(problemsOf(addition)).toEqual([]);
    // Compose looks for what `extends` names in the file that says so, which is not docker-compose.yml.
    const bases = additions.flatMap(({ services }) =>
      Object.values(services as Record<string, Service>).flatMap((service) => service.extends ?? []),
    );
    expect(bases).toEqual([{ file: "docker-compose.yml", service: "worker" }]);
  });

  it("keeps a queue over restarts, and evicts none of it", () => {
    const { command, volumes } = read().services.redis;
    expect(command.join(" ")).toBe("redis-server --appendonly yes --maxmemory-policy noeviction");
    expect(volumes).toEqual(["redis:/data"]);
  });

  it("asks the server for its health by a program that Node can run", () => {
    const { test } = read().services.server.healthcheck as { test: string[] };
    expect(test.slice(0, 3)).toEqual(["CMD", "node", "--eval"]);
    // 1 unless somebody listens there.
    const { status, stderr } = spawnSync(process.execPath, test.slice(2), { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: expect.toSatisfy((code) => code === 0 || code === 1),
      stderr: "",
    });
  });

  it("publishes on this host alone, on ports that can be set", () => {
    const { redis, worker, server } = read().services;
    expect(redis.ports).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\$\{STEVEDORE_REDIS_PORT:-6379\}:6379$/),
    ]);
    expect(server.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:\$\{STEVEDORE_PORT:-7878\}:7878$/)]);
    expect(worker.ports).toBeUndefined();
  });

  it("shuts the server in, and gives it no capability but those of the entrypoint", () => {
    const { server } = read().services;
    expect(server).toMatchObject({
      ...{ read_only: true, tmpfs: ["/tmp"], cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] },
      // As in the test of the entrypoint, which runs with these.
      cap_add: ["CHOWN", "DAC_READ_SEARCH", "FOWNER", "SETGID", "SETPCAP", "SETUID"],
    });
    expect(server).not.toHaveProperty("privileged");
    expect(read().services.worker).not.toHaveProperty("privileged");
  });

  it("gives the server its token by a secret, and both the same root and Redis", () => {
    const { services, secrets, volumes } = read();
    const { server, worker } = services;
    const path = server.command[server.command.indexOf("--token-file") + 1];
    const [secret = ""] = server.secrets as string[];
    expect(path).toBe(`/run/secrets/${secret}`);
    expect(secrets[secret]?.file).toBe("./stevedore-token");
    expect(readFileSync(join(project, ".gitignore"), "utf8")).toContain("/stevedore-token\n");
    expect(server.volumes).toEqual(worker.volumes);
    expect(volumes).toHaveProperty("graph");
    const urls = [server, worker].map(
      ({ environment }) => (environment as Record<string, string>).STEVEDORE_REDIS_URL,
    );
    expect(urls).toEqual(["redis://redis:6379", "redis://redis:6379"]);
  });

  it("has compressors that scale from none, with neither rights nor a place to write", () => {
    const { compressor, redis } = read().services;
    expect(compressor).toMatchObject({
      command: ["compressor", "--threads", setting("STEVEDORE_COMPRESSOR_THREADS", "1")],
      // Of `deploy`, which all releases of Compose 2 heed, and --scale overrides.
      deploy: { replicas: setting("STEVEDORE_COMPRESSORS", "0") },
      ...{ user: "10001:10001", cap_drop: ["ALL"], read_only: true },
      security_opt: ["no-new-privileges:true"],
      environment: { STEVEDORE_REDIS_URL: setting("STEVEDORE_COMPRESSOR_REDIS_URL", "redis://redis:6379") },
      restart: "on-failure:2",
    });
    for (const name of [
      "volumes",
      "ports",
      "expose",
      "cap_add",
      "devices",
      "secrets",
      "container_name",
      "scale",
    ])
      expect(compressor).not.toHaveProperty(name);
    // In place of the volume that the image declares: there would be one for each container.
    const [, volume] = /^VOLUME (.*)$/m.exec(readFileSync(join(project, "Dockerfile"), "utf8")) ?? [];
    expect(compressor.tmpfs).toEqual([expect.stringMatching(new RegExp(`^${volume}:ro,`))]);
    expect(redis.volumes).toEqual(["redis:/data"]);
  });

  it("waits longer for a worker than that gives its jobs", () => {
    const { worker } = read().services;
    expect(worker.command).not.toContain("--grace");
    expect(Number.parseInt(String(worker.stop_grace_period), 10)).toBeGreaterThan(30);
  });
});
