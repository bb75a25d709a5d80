// The proxies whose X-Forwarded-* headers a server believes, as the operator names them.
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { quote, StevedoreError } from "../terms/index.js";

/** Names of networks that fastify knows: 127.0.0.0/8 and ::1, 169.254.0.0/16 and fe80::/10, and the private ones. */
const networks = ["loopback", "linklocal", "uniquelocal"];

/** @throws `INVALID_OPTION` for what is neither an address nor a network */
export function assertTrustedProxy(text: string): void {
  const [address = "", prefix, ...more] = text.split("/");
  const isAddress = isIP(address) !== 0 && !address.includes("%");
  if (networks.includes(text) || (isAddress && isPrefix(prefix, isIP(address)) && more.length === 0)) return;
  throw new StevedoreError(
    "INVALID_OPTION",
    `--trust-proxy ${quote(text)} is not a valid proxy: name an address, a network such as 10.0.0.0/8, or ${networks.join(", ")}`,
  );
}

/** True for a length in bits or, of IPv4, a netmask. */
function isPrefix(prefix: string | undefined, version: number): boolean {
  if (prefix === undefined) return true;
  const isMask = version === 4 && isIP(prefix) === 4;
  if (!isMask && !/^\d{1,3}$/.test(prefix)) return false;
  const bits = isMask ? ipaddr.IPv4.parse(prefix).prefixLengthFromSubnetMask() : Number(prefix);
  return bits !== null && bits >= 1 && bits <= (version === 4 ? 32 : 128);
}
