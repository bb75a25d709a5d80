// Which addresses are of the public Internet, and which could be of this host or its own network.
import { BlockList, isIP } from "node:net";

/** Not of the public Internet (IANA's registry of special-purpose IPv4 addresses). */
const special4 = new BlockList();
for (const [network, prefix] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
  ] as const),
  ...([
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 3],
  ] as const),
]) {
  special4.addSubnet(network, prefix, "ipv4");
}

/** Special within 2000::/3, the only part of IPv6 that is in use (IANA's registry of special-purpose IPv6 addresses). */
const special6 = new BlockList();
for (const [network, prefix] of [
  // Protocols, Teredo and ORCHID among them; documentation.
  ["2001::", 23],
  ["2001:db8::", 32],
  ["3fff::", 20],
] as const) {
  special6.addSubnet(network, prefix, "ipv6");
}

/**
 * True for an address that is private, loopback, link-local, multicast or otherwise not of the public Internet, for an
 * IPv6 address through which such an IPv4 address is reached, and for what is no address.
 */
export function isPrivateAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return special4.check(address, "ipv4");
    case 6:
      return isPrivate6(address);
    default:
      return true;
  }
}

function isPrivate6(address: string): boolean {
  // A zone is the name of an interface of this host.
  if (address.includes("%")) return true;
  const groups = groupsOf(address);
  const inner = innerAddress(groups);
  if (inner !== undefined) return special4.check(inner, "ipv4");
  const isGlobalUnicast = ((groups[0] ?? 0) & 0xe000) === 0x2000;
  return !isGlobalUnicast || special6.check(address, "ipv6");
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes the last two as hexadecimals too, whichever way they came (RFC 5952).
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail] = plain.split("::");
  const numbers = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const missing = 8 - numbers(head).length - numbers(tail).length;
  return [...numbers(head), ...new Array<number>(missing).fill(0), ...numbers(tail)];
}

/** The IPv4 address that an IPv6 address stands for, if it stands for one. */
function innerAddress(groups: readonly number[]): string | undefined {
  const starts = (...prefix: number[]) => prefix.every((group, at) => groups[at] === group);
  // 6to4 (RFC 3056) has it in front.
  if (starts(0x2002)) return dotted(groups[1], groups[2]);
  const isLast =
    // IPv4-mapped and the deprecated IPv4-compatible (RFC 4291), IPv4-translated (RFC 2765), NAT64 (RFC 6052).
    starts(0, 0, 0, 0, 0, 0xffff) ||
    starts(0, 0, 0, 0, 0, 0) ||
    starts(0, 0, 0, 0, 0xffff, 0) ||
    starts(0x64, 0xff9b, 0, 0, 0, 0);
  return isLast ? dotted(groups[6], groups[7]) : undefined;
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}
