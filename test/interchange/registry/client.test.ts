// Pulls from and pushes to a real registry, in every way in which it may be guarded.
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  openRegistries,
  type RegistryPolicy,
  type Repository,
} from "../../../src/interchange/registry/index.js";
import { type RegistryMode, startRegistry } from "../../support/registry/registry.js";

const never = new AbortController().signal;
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const describeBytes = (bytes: Buffer) => ({ digest: digestOf(bytes), size: bytes.length });

async function withRepository<T>(
  policy: RegistryPolicy,
  host: string,
  action: "pull" | "push",
  use: (repository: Repository) => Promise<T>,
  repository = "tests/image",
): Promise<T> {
  const registries = openRegistries(policy);
  try {
    return await use(registries.repository({ host, repository }, action, never));
  } finally {
    await registries.close();
  }
}

const send = (repository: Repository, bytes: Buffer) =>
  repository.uploadBlob(describeBytes(bytes), async (start) => Readable.from([bytes.subarray(start)]));

describe.each<RegistryMode>(["plain", "tls", "basic", "token"])("a registry in mode %s", (mode) => {
  it("takes blobs and a manifest, and gives them back", async () => {
    await using registry = await startRegistry(mode);
    const { host, policy } = registry;
    const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
    const layer = randomBytes(3_000_000);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...describeBytes(config) },
        layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...describeBytes(layer) }],
      }),
    );
    await withRepository(policy, host, "push", async (repository) => {
      expect(await repository.hasBlob(digestOf(layer))).toBeUndefined();
      await send(repository, config);
      await send(repository, layer);
      expect(await repository.hasBlob(digestOf(layer))).toBe(layer.length);
      await repository.putManifest("v1", "application/vnd.oci.image.manifest.v1+json", manifest);
    });
    await withRepository(policy, host, "pull", async (repository) => {
      const fetched = await repository.manifest("v1");
      expect(fetched.bytes.equals(manifest)).toBe(true);
      expect(fetched.digest).toBe(digestOf(manifest));
      expect(fetched.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
      expect((await repository.manifest(fetched.digest)).digest).toBe(fetched.digest);
      expect(await repository.hasManifest(fetched.digest)).toBe(true);
      expect(await repository.hasManifest("v2")).toBe(false);
      await expect(repository.manifest("v2")).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
      const fetchedLayer = await buffer(repository.blob(describeBytes(layer), never));
      expect(fetchedLayer.equals(layer)).toBe(true);
    });
  });
});
