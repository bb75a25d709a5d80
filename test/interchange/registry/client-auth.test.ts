// Who a worker says it is to registries: challenges, passwords, tokens, and where none of them goes.
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../../src/interchange/registry/auth/challenges.js";
import { fetchToken } from "../../../src/interchange/registry/auth/tokens.js";
import { openConnections } from "../../../src/interchange/registry/http/connections.js";
import { pulling } from "../../../src/interchange/registry/http/kinds.js";
import {
  describeBytes,
  type FakeRegistry,
  serving,
  shortLimits,
  withRepository,
} from "../../support/registry/fake-registry.js";
import { type RegistryMode, startRegistry } from "../../support/registry/registry.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const never = new AbortController().signal;
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const document = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociManifest }));
const layer = randomBytes(200_000);
const password = "open-sesame";
const basic = `Basic ${Buffer.from(`ali:${password}`).toString("base64")}`;

const pullManifest = (registry: FakeRegistry) =>
  withRepository(registry, "pull", (repository) => repository.manifest("latest"));

/** The same registry for a worker that has this password for it. */
async function withPassword(registry: FakeRegistry, entry: object = { username: "ali", password }) {
  const authFile = join(await scratch.fresh(), "config.json");
  await writeFile(authFile, JSON.stringify({ auths: { [registry.host]: entry } }));
  return { ...registry, policy: { ...registry.policy, authFile } };
}

/** A registry that wants a token from `/token` of the same server, which `token` answers; `serve` is asked with a token. */
function guarded(
  token: RequestListener,
  serve: RequestListener,
  realm = "http://HOST/token",
): RequestListener {
  return (request, response) => {
    const { authorization, host = "" } = request.headers;
    if (request.url?.startsWith("/token")) token(request, response);
    else if (authorization?.startsWith("Bearer ")) serve(request, response);
    else challenge();
    function challenge() {
      const value = `Bearer realm="${realm.replace("HOST", host)}",service="a \\"b\\"",scope="repository:other:pull"`;
      response.writeHead(401, { "www-authenticate": value }).end();
    }
  };
}
const giving =
  (answer: object): RequestListener =>
  (_request, response) =>
    void response.end(JSON.stringify(answer));
const serveDocument: RequestListener = (_request, response) =>
  void response.writeHead(200, { "content-type": ociManifest }).end(document);

describe("challenges", () => {
  it.each([
    ['Basic realm="a, \\"b\\""', [["basic", { realm: 'a, "b"' }]]],
    [
      'Negotiate, Bearer realm="https://auth.example/t?a=1,b" , service=reg,scope="a b", Basic realm=x',
      [
        ["negotiate", {}],
        ["bearer", { realm: "https://auth.example/t?a=1,b", service: "reg", scope: "a b" }],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      'NTLM TlRMTVNTUAAC==, BASIC REALM = "x"',
      [
        ["ntlm", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    ['Bearer realm="one",realm="two"', [["bearer", { realm: "one" }]]],
    ['Bearer realm="never ends', [["bearer", {}]]],
    ["", []],
    ['=, "', []],
  ])("are read of %j", (header, expected) => {
    const found = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    expect(found).toEqual(expected);
    expect(parseChallenges([header, "Basic"])).toHaveLength(expected.length + 1);
  });
});

describe("a password", () => {
  const wanting: RequestListener = (request, response) => {
    if (request.headers.authorization === basic) serveDocument(request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  };

  it("is sent once it is asked for, and then at once", async () => {
    await serving(wanting, async (plain) => {
      const registry = await withPassword(plain);
      await withRepository(registry, "pull", async (repository) => {
        await repository.manifest("latest");
        await repository.manifest("latest");
      });
      expect(registry.requests.map(({ authorization }) => authorization)).toEqual([undefined, basic, basic]);
    });
  });

  it("that is wrong or missing is told of without it", async () => {
    await serving(wanting, async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({
        code: "SOURCE_FORBIDDEN",
        message: expect.stringContaining(`--registry-auth has none for ${registry.host}`),
      });
      const wrong = await withPassword(registry, { username: "ali", password: "wrong-sesame" });
      await expect(pullManifest(wrong)).rejects.toMatchObject({
        code: "SOURCE_FORBIDDEN",
        message: expect.not.stringContaining("sesame"),
      });
    });
  });

  it("does not follow a blob to another host, nor to another port", async () => {
    const { digest, size } = describeBytes(layer);
    await serving(
      (_request, response) => void response.end(layer),
      async (storage) => {
        const leading: RequestListener = (request, response) => {
          if (request.headers.authorization !== basic) wanting(request, response);
          else if (request.url?.endsWith("?there"))
            response.writeHead(302, { location: `${storage.url}/blob` }).end();
          else response.writeHead(302, { location: "?there" }).end();
        };
        await serving(leading, async (plain) => {
          const registry = await withPassword(plain);
          const policy = { ...registry.policy, allowPrivateAddresses: true };
          const pulled = await withRepository({ ...registry, policy }, "pull", (repository) =>
            buffer(repository.blob({ digest, size }, never)),
          );
          expect(pulled.equals(layer)).toBe(true);
          expect(registry.requests.at(-1)).toMatchObject({
            line: expect.stringMatching(/\?there$/),
            authorization: basic,
          });
          expect(storage.requests).toEqual([{ line: "GET /blob", authorization: undefined }]);
        });
      },
    );
  });
});

describe("a token", () => {
  it("is asked for once by all that needs one, for what is known to be needed and what is asked", async () => {
    await serving(guarded(giving({ token: "t1" }), serveDocument), async (registry) => {
      await withRepository(registry, "pull", (repository) =>
        Promise.all([1, 2, 3].map(() => repository.manifest("latest"))),
      );
      const asked = registry.requests.filter(({ line }) => line.startsWith("GET /token"));
      expect(asked).toHaveLength(1);
      const { searchParams } = new URL(asked[0]?.line.slice("GET ".length) ?? "", registry.url);
      expect(searchParams.getAll("scope")).toEqual(["repository:tests/image:pull", "repository:other:pull"]);
      expect(searchParams.get("service")).toBe('a "b"');
    });
  });

  it("that ends in the middle of a blob is renewed once, and the blob goes on", async () => {
    const { digest, size } = describeBytes(layer);
    let tokens = 0;
    const serve: RequestListener = ({ headers }, response) => {
      if (headers.authorization !== `Bearer t${tokens}`) expect.fail("an old token came again");
      if (headers.range === undefined) {
        response.writeHead(200, { "content-length": size });
        response.write(layer.subarray(0, 1_000), () => response.destroy());
      } else if (tokens === 1) {
        response.writeHead(401, { "www-authenticate": `Bearer realm="http://${headers.host}/token"` }).end();
      } else {
        response
          .writeHead(206, { "content-range": `bytes 1000-${size - 1}/${size}` })
          .end(layer.subarray(1_000));
      }
    };
    const give: RequestListener = (_request, response) =>
      void response.end(JSON.stringify({ access_token: `t${++tokens}` }));
    await serving(guarded(give, serve), async (registry) => {
      const pulled = await withRepository(registry, "pull", (repository) =>
        buffer(repository.blob({ digest, size }, never)),
      );
      expect(pulled.equals(layer)).toBe(true);
      expect(tokens).toBe(2);
    });
  });

  it("that says when it ends is renewed before", async () => {
    let tokens = 0;
    const give: RequestListener = (_request, response) =>
      void response.end(JSON.stringify({ token: `t${++tokens}`, expires_in: 0.001 }));
    await serving(guarded(give, serveDocument), async (registry) => {
      await withRepository(registry, "pull", async (repository) => {
        await repository.manifest("latest");
        await repository.manifest("latest");
      });
      expect(tokens).toBeGreaterThanOrEqual(2);
    });
  });

  it("that is refused is not asked for again and again", async () => {
    const refuse: RequestListener = ({ headers }, response) =>
      void response
        .writeHead(401, { "www-authenticate": `Bearer realm="http://${headers.host}/token"` })
        .end();
    await serving(guarded(giving({ token: "t" }), refuse), async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
      expect(registry.requests).toHaveLength(3);
    });
  });

  it.each([
    ["longer than a token can be", giving({ token: "x".repeat(1024 ** 2) }), "LIMIT_EXCEEDED"],
    ["with a new line in it", giving({ token: "sesame\r\nx-injected: yes" }), "INTERNAL"],
    ["that is none", giving({ tokens: ["sesame"] }), "INTERNAL"],
    [
      "that is no document",
      (_: unknown, response: { end(text: string): void }) => response.end("<html>sesame"),
      "INTERNAL",
    ],
    [
      "for others alone",
      (_: unknown, response: Parameters<RequestListener>[1]) =>
        void response.writeHead(403).end(`{"errors":[{"code":"sesame"}]}`),
      "SOURCE_FORBIDDEN",
    ],
  ] as const)("%s is refused", async (_what, give, code) => {
    await serving(guarded(give as RequestListener, serveDocument), async (registry) => {
      await expect(pullManifest(await withPassword(registry))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(/^(?!.*sesame)/s),
      });
    });
  });

  it.each([
    ["file:///etc/passwd"],
    ["http://169.254.169.254/latest/meta-data"],
    ["http://[::ffff:169.254.169.254]/"],
    ["http://10.1.2.3/token"],
    ["http://127.0.0.1:1/token"],
    ["http://localhost/token"],
    ["http://ali:baba@HOST/token"],
    ["/token"],
    ["gopher://HOST/"],
  ])("from %s is never asked for", async (realm) => {
    await serving(guarded(giving({ token: "t" }), serveDocument, realm), async (registry) => {
      await expect(pullManifest(await withPassword(registry))).rejects.toMatchObject({
        code: "SOURCE_FORBIDDEN",
        message: expect.stringMatching(/^(?!.*(?:sesame|baba))/s),
      });
      expect(registry.requests).toHaveLength(1);
    });
  });

  it("of a registry that is asked by TLS is not asked for without", async () => {
    const challenge = { scheme: "bearer", parameters: new Map([["realm", "http://auth.example/token"]]) };
    const registry = new URL("https://registry.example");
    const request = {
      challenge,
      scopes: [],
      credentials: undefined,
      registry,
      limits: shortLimits,
      retries: 0,
    };
    const sender = { connections: openConnections(undefined, () => false), kind: pulling, signal: never };
    await expect(fetchToken(sender, request)).rejects.toMatchObject({
      code: "SOURCE_FORBIDDEN",
      message: expect.stringContaining("from https to http"),
    });
  });
});

describe("a real registry", () => {
  it.each<RegistryMode>(["basic", "token"])(
    "in mode %s refuses strangers and wrong passwords",
    async (mode) => {
      await using registry = await startRegistry(mode);
      const { host, policy } = registry;
      const pull = { ...policy, authFile: undefined };
      await expect(
        withRepository({ host, policy: pull }, "pull", (repository) => repository.manifest("latest")),
      ).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
      const wrong = await withPassword(
        { host, policy, url: "", requests: [] },
        { username: "stevedore", password },
      );
      await expect(
        withRepository(wrong, "push", (repository) => repository.hasManifest("latest")),
      ).rejects.toMatchObject({ code: "TARGET_FORBIDDEN", message: expect.not.stringContaining("sesame") });
    },
  );

  it("takes the token of a user whose password is not known", async () => {
    await using registry = await startRegistry("token");
    const { host, policy, tokens } = registry;
    const identitytoken = tokens?.identityToken;
    const known = await withPassword({ host, policy, url: "", requests: [] }, { auth: "", identitytoken });
    await withRepository(known, "push", async (repository) => {
      expect(await repository.hasManifest("latest")).toBe(false);
    });
    expect(tokens?.given).toEqual(["repository:tests/image:pull,push"]);
  });

  it("whose certificate nobody vouches for is not believed", async () => {
    await using registry = await startRegistry("tls");
    const policy = { ...registry.policy, caFile: undefined, limits: shortLimits };
    await expect(
      withRepository({ host: registry.host, policy }, "pull", (repository) => repository.manifest("latest")),
    ).rejects.toMatchObject({ code: "INTERNAL", message: expect.stringContaining("--registry-ca") });
  });
});
