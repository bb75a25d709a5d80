import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isPrivateAddress } from "../../src/outbound/address.js";
import { isHostAllowed, parseAllowedHost } from "../../src/outbound/allowed-hosts.js";

describe("an address", () => {
  it.each([
    ...["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"],
    ...["172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"],
    ...["198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
    ...["::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1"],
    ...["100::1", "2001::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1", "5f00::1", "64:ff9b:1::1"],
    ...["2606:2800::1%lo", "4000::1", "e000::1"],
  ])("is not of the public Internet: %s", (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each([
    ...["::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:0a00:0001", "::ffff:169.254.169.254"],
    ...["::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "::ffff:0:a00:1"],
    ...["64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::192.168.0.1", "2002:7f00:1::", "2002:a00:1::1"],
    ...["2002:c0a8:101:1:2:3:4:5"],
  ])("stands for one that is not: %s", (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each([
    ...["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.255.255"],
    ...["2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2001:200::1"],
    ...["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
  ])("is of the public Internet: %s", (address) => expect(isPrivateAddress(address)).toBe(false));

  it.each(["", "localhost", "1.2.3", "1.2.3.4.5", "0x7f.1", "2130706433", "::g", "[::1]", "1.2.3.4/8"])(
    "is none, and counts as private: %j",
    (text) => expect(isPrivateAddress(text)).toBe(true),
  );

  it.each([
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "127.0.0.1.",
    "127.0.0.1",
    "１２７.1",
  ])("is 127.0.0.1 however a URL spells it: %s", (host) => {
    const { hostname } = new URL(`http://${host}/`);
    expect(hostname).toBe("127.0.0.1");
    expect(isPrivateAddress(hostname)).toBe(true);
  });

  /** Both sides of each network's edges, addresses with another inside, and some at random. */
  const classes = JSON.parse(
    readFileSync(join(import.meta.dirname, "../fixtures/address-classes.json"), "utf8"),
  ) as Record<"private" | "public", string[]>;

  it("keeps its class, for hundreds that were decided on once", () => {
    expect(classes.private.filter((address) => !isPrivateAddress(address))).toEqual([]);
    expect(classes.public.filter(isPrivateAddress)).toEqual([]);
    expect(classes.private.length + classes.public.length).toBeGreaterThan(600);
  });

  it.each([
    ...["192.31.196.0", "192.31.196.255", "192.175.48.0", "192.175.48.255", "2620:4f:8000::1"],
    ...["192.52.193.0", "192.52.193.255", "::ffff:192.31.196.1"],
  ])("is of a network that serves no files (AS112, AMT), and counts as private: %s", (address) =>
    expect(isPrivateAddress(address)).toBe(true),
  );

  it.each(["fe80::1%25eth0", "fe80::1%eth0", "::1%lo"])("with a zone is no host of a URL: %s", (host) =>
    expect(URL.canParse(`http://[${host}]/`)).toBe(false),
  );
});

describe("the hosts that may be asked", () => {
  const isAllowed = (url: string, ...hosts: string[]) =>
    isHostAllowed(new URL(url), hosts.map(parseAllowedHost));

  it.each([
    ["http://files.example/a", "files.example"],
    ["https://files.example/a", "files.example"],
    ["http://files.example:8080/a", "files.example"],
    ["http://FILES.example/a", "files.EXAMPLE"],
    ["http://files.example:8080/a", "files.example:8080"],
    ["http://files.example/a", "files.example:80"],
    ["https://files.example/a", "files.example:443"],
    ["https://files.example:443/a", "files.example:443"],
    ["http://b%C3%BCcher.example/a", "bücher.example"],
    ["http://xn--bcher-kva.example/a", "bücher.example:80"],
    ["http://0x7f.1/a", "127.0.0.1"],
    ["http://127.0.0.1:81/a", "2130706433:81"],
    ["http://[::1]:81/a", "[::1]:81"],
    ["http://[0:0::1]/a", "::1"],
    ["http://[::ffff:127.0.0.1]/", "::ffff:7f00:1"],
  ])("cover %s by %s", (url, host) => expect(isAllowed(url, "other.example", host)).toBe(true));

  it.each([
    ["http://files.example.evil.example/a", "files.example"],
    ["http://notfiles.example/a", "files.example"],
    ["http://sub.files.example/a", "files.example"],
    ["http://files.example./a", "files.example"],
    ["http://files.example:81/a", "files.example:80"],
    ["https://files.example/a", "files.example:80"],
    ["http://files.example/a", "files.example:443"],
    ["http://files.example@evil.example/a", "files.example"],
    ["http://evil.example/files.example", "files.example"],
    ["http://127.0.0.2/a", "127.0.0.1"],
    ["http://[::ffff:127.0.0.1]/a", "127.0.0.1"],
    ["http://localhost/a", "127.0.0.1"],
  ])("do not cover %s by %s", (url, host) => expect(isAllowed(url, host)).toBe(false));

  it.each([
    ...[
      "",
      " ",
      "http://h",
      "h/path",
      "h?x",
      "h#x",
      "user@h",
      "*.example",
      "h:port",
      "h:99999",
      "a b",
      "h\\x",
    ],
    ...["[::1", "::1:80:g", "fe80::1%lo"],
  ])("are refused as none: %j", (host) =>
    expect(() => parseAllowedHost(host)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" })),
  );
});
