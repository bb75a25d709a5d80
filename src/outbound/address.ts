// Which addresses are of the public Internet, and which could be of this host or its own network. ipaddr.js knows the
// ranges of IANA's special-purpose registries.
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** The only part of IPv6 that is in use (RFC 4291, section 2.4). */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/** IPv6 networks whose addresses lead to an IPv4 address, and the byte at which that begins. */
const ipv4Inside = [
  { network: ipaddr.IPv6.parseCIDR("::ffff:0:0/96"), at: 12 }, // IPv4-mapped (RFC 4291)
  { network: ipaddr.IPv6.parseCIDR("::/96"), at: 12 }, // IPv4-compatible, deprecated (RFC 4291)
  { network: ipaddr.IPv6.parseCIDR("::ffff:0:0:0/96"), at: 12 }, // IPv4-translated (RFC 2765)
  { network: ipaddr.IPv6.parseCIDR("64:ff9b::/96"), at: 12 }, // NAT64 (RFC 6052)
  { network: ipaddr.IPv6.parseCIDR("2002::/16"), at: 2 }, // 6to4 (RFC 3056)
];

/**
 * True for an address that is private, loopback, link-local, multicast or otherwise not of the public Internet, for an
 * IPv6 address through which such an IPv4 address is reached, and for text that is not an address.
 */
export function isPrivateAddress(text: string): boolean {
  // ipaddr.js also reads spellings such as 0x7f.1, which Node's look-up never gives. A zone names an interface of this host.
  if (isIP(text) === 0 || text.includes("%")) return true;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return address.range() !== "unicast";
  const found = ipv4Inside.find(({ network }) => address.match(network));
  if (found !== undefined) {
    const inner = new ipaddr.IPv4(address.toByteArray().slice(found.at, found.at + 4));
    return inner.range() !== "unicast";
  }
  return !address.match(globalUnicast) || address.range() !== "unicast";
}
