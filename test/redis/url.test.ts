// What Redis URLs are taken to say, and what is said of those that are refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/cli/config.js";
import { openProducer } from "../../src/producer/index.js";
import { describeRedis, readRedisUrl } from "../../src/redis/url.js";

const local = { host: "127.0.0.1", port: 6379 };

describe("a Redis URL", () => {
  it.each([
    ["/run/redis.sock", { form: "socket", path: "/run/redis.sock", hosts: [] }, "/run/redis.sock"],
    ["unix:///run/a%20b.sock", { form: "socket", path: "/run/a b.sock", hosts: [] }, "/run/a b.sock"],
    [
      "unix://me:pw@/run/redis.sock",
      { form: "socket", path: "/run/redis.sock", hosts: [], username: "me", password: "pw" },
      "/run/redis.sock",
    ],
    ["redis://", { form: "server", hosts: [local] }, "127.0.0.1:6379"],
    ["redis://h", { form: "server", hosts: [{ host: "h", port: 6379 }] }, "h:6379"],
    ["REDIS://h:1/", { form: "server", hosts: [{ host: "h", port: 1 }] }, "h:1"],
    ["redis://[::1]:7/2", { form: "server", hosts: [{ host: "::1", port: 7 }], db: 2 }, "[::1]:7"],
    [
      "redis://:p%40%2Fs@h:1/0",
      { form: "server", hosts: [{ host: "h", port: 1 }], password: "p@/s", db: 0 },
      "h:1",
    ],
    [
      "rediss://me:a:b@h:1?ca=/a%20b&servername=redis.test",
      {
        ...{ form: "server", hosts: [{ host: "h", port: 1 }], username: "me", password: "a:b" },
        tls: { ca: "/a b", servername: "redis.test" },
      },
      "h:1",
    ],
    ["rediss://h", { form: "server", hosts: [{ host: "h", port: 6379 }], tls: {} }, "h:6379"],
    [
      "redis+cluster://me:pw@a:1,[::1],c:3",
      {
        form: "cluster",
        hosts: [
          { host: "a", port: 1 },
          { host: "::1", port: 6379 },
          { host: "c", port: 3 },
        ],
        ...{ username: "me", password: "pw" },
      },
      "a:1,[::1]:6379,c:3 (cluster)",
    ],
    [
      "rediss+cluster://a?cert=c.pem&key=k.pem",
      { form: "cluster", hosts: [{ host: "a", port: 6379 }], tls: { cert: "c.pem", key: "k.pem" } },
      "a:6379 (cluster)",
    ],
    [
      "redis+sentinel://a,b:2/mymaster",
      {
        form: "sentinel",
        hosts: [
          { host: "a", port: 26379 },
          { host: "b", port: 2 },
        ],
        ...{ master: "mymaster", sentinelUser: {} },
      },
      "a:26379,b:2/mymaster (sentinel)",
    ],
    [
      "rediss+sentinel://me:pw@a/m/3?sentinelUsername=s&sentinelPassword=t%26+u&ca=c",
      {
        ...{ form: "sentinel", hosts: [{ host: "a", port: 26379 }], master: "m", db: 3 },
        ...{ username: "me", password: "pw", tls: { ca: "c" } },
        sentinelUser: { username: "s", password: "t&+u" },
      },
      "a:26379/m (sentinel)",
    ],
  ])("is read: %s", (url, address, description) => {
    expect(readRedisUrl(url)).toEqual(address);
    expect(describeRedis(url)).toBe(description);
    expect(readConfig({ redis: url }, {}).redis).toBe(url);
  });

  it.each([
    ["", /begins with redis:/],
    ["h:6379", /begins with redis:/],
    ["http://h", /begins with redis:/],
    ["redis://h1:1,h2:2", /several hosts: use redis\+cluster:.*redis\+sentinel:/],
    ["rediss://u:hush@h1:1,h2:2", /several hosts: use rediss\+cluster:.*rediss\+sentinel:/],
    ["redis://h:0", /a host that is not valid/],
    ["redis://h:65536", /a host that is not valid/],
    ["redis://h:port", /a host that is not valid/],
    ["redis+cluster://", /a host that is not valid/],
    ["redis+cluster://a,,b", /a host that is not valid/],
    ["redis+cluster://a,b,", /a host that is not valid/],
    ["redis+cluster://a/1", /a cluster has only the one/],
    ["redis://h/one", /a database that is not a number/],
    ["redis+sentinel://a:1", /does not name the master/],
    ["redis+sentinel://a:1/m/x", /a database that is not a number/],
    ["redis+sentinel://a:1/m/1/2", /does not name the master/],
    ["unix://h/run/redis.sock", /names no socket/],
    ["unix://", /names no socket/],
    ["redis://h?family=6", /unknown parameter "family": it takes none/],
    ["rediss://h?Ca=x", /unknown parameter "Ca": it takes ca, cert, key, servername/],
    ["redis://h?sentinelPassword=x", /unknown parameter "sentinelPassword"/],
    ["redis+cluster://h?ca=x", /ca, which needs TLS: begin with rediss/],
    ["rediss://h?ca", /no value for ca/],
    ["rediss://h?ca=a&ca=b", /ca twice/],
    ["rediss://h?cert=a", /one of cert and key without the other/],
    ["redis://u:%zz@h", /a % that does not begin an escape/],
    ["redis://u:hush#1@h", /%2F, %3F, %23 or %40/],
    ["redis://u:hu/sh@h", /%2F, %3F, %23 or %40/],
    ["redis+sentinel://a/m?sentinelPassword=a&hush", /a & in a password is written %26/],
  ])("that says nothing sound is refused, and how it is meant is told: %s", (url, message) => {
    const refused = expect.objectContaining({
      code: "INVALID_OPTION",
      message: expect.stringMatching(message),
    });
    expect(() => openProducer({ redis: url })).toThrow(refused);
    if (url !== "") expect(() => readConfig({ redis: url }, {})).toThrow(message);
    try {
      readRedisUrl(url);
    } catch (error) {
      expect((error as Error).message).not.toContain("hush");
    }
  });

  it("gives back what was written into it, and shows no user and no password", () => {
    const host = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
    const port = fc.integer({ min: 1, max: 65_535 });
    const hosts = fc.array(fc.record({ host, port }), { minLength: 1, maxLength: 4 });
    const text = fc.string({ minLength: 1, unit: "grapheme" });
    const form = fc.constantFrom("cluster" as const, "sentinel" as const);
    fc.assert(
      fc.property(
        ...([form, fc.boolean(), hosts, text, text, text, text] as const),
        (form, isSecure, hosts, username, password, file, sentinelPassword) => {
          const names = hosts.map(({ host, port }) => `${host}:${port}`).join(",");
          const user = `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
          const query = [
            ...(isSecure ? [`ca=${encodeURIComponent(file)}`] : []),
            ...(form === "sentinel" ? [`sentinelPassword=${encodeURIComponent(sentinelPassword)}`] : []),
          ].join("&");
          const path = form === "sentinel" ? "/m" : "";
          const url = `redis${isSecure ? "s" : ""}+${form}://${user}${names}${path}?${query}`;
          expect(readRedisUrl(url)).toEqual({
            ...{ form, hosts, username, password },
            ...(isSecure ? { tls: { ca: file } } : {}),
            ...(form === "sentinel" ? { master: "m", sentinelUser: { password: sentinelPassword } } : {}),
          });
          expect(describeRedis(url)).toBe(`${names}${path} (${form})`);
        },
      ),
    );
  });

  it("is read or refused by its code, whatever it is, and its password is in no message", () => {
    const scheme = fc.constantFrom("redis", "rediss", "redis+cluster", "rediss+sentinel", "unix", "ftp");
    fc.assert(
      fc.property(scheme, fc.string(), fc.string(), (scheme, before, after) => {
        const password = "hush-hush";
        const url = `${scheme}://${before}${password}${after}@h:1`;
        try {
          readRedisUrl(url);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID_OPTION" });
          expect((error as Error).message).not.toContain(password);
        }
      }),
    );
  });
});

describe("certificates", () => {
  it("that cannot be read are told of by name", () => {
    expect(() => openProducer({ redis: "rediss://h?ca=/nowhere/ca.pem" })).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: expect.stringMatching(/\/nowhere\/ca\.pem.*ca.*ENOENT/),
      }),
    );
  });

  it("that are none are told of by name", () => {
    expect(() => openProducer({ redis: "rediss+cluster://h?cert=package.json&key=package.json" })).toThrow(
      expect.objectContaining({
        code: "INVALID_OPTION",
        message: expect.stringMatching(/package\.json/),
      }),
    );
  });
});
