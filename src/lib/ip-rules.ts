import { BlockList, isIP, isIPv4, isIPv6 } from "node:net";

/** A list of addresses and networks. */
export interface IpRules {
  /** False for what is not an address. */
  matches(address: string): boolean;
}

/**
 * Reads a comma-separated list of IP addresses and CIDRs, IPv4 and IPv6. Host bits are allowed
 * (`10.0.0.7/8`), blanks are ignored.
 *
 * @returns null when the text is empty: there is no rule. A list of nothing but commas is a rule
 *   that nobody fits.
 */
export function parseIpRules(text: string | null): IpRules | null {
  if (text === null || text.trim() === "") return null;
  const list = new BlockList();
  for (const entry of splitEntries(text)) addEntry(list, entry);
  return {
    matches(address) {
      const normal = normaliseAddress(address);
      return normal !== null && list.check(normal, isIPv4(normal) ? "ipv4" : "ipv6");
    },
  };
}

/** The first entry that is neither an address nor a CIDR; null when all are. */
export function findInvalidEntry(text: string): string | null {
  return splitEntries(text).find((entry) => !addEntry(new BlockList(), entry)) ?? null;
}

/**
 * An address in the form that rules compare: IPv4 inside IPv6 (`::ffff:192.0.2.1`, which is how
 * Node names IPv4 peers of a dual-stack socket) becomes IPv4, a zone (`%eth0`) is dropped.
 *
 * @returns null when the text is not an IP address
 */
export function normaliseAddress(text: string): string | null {
  const address = text.trim().replace(/%.*$/, "");
  if (isIP(address) === 0) return null;
  return isIPv4(address) ? address : normaliseIPv6(address);
}

/** The shortest way to write it (RFC 5952), or IPv4 when that is what is inside. */
function normaliseIPv6(address: string): string {
  // Node's own form for IPv4 peers of a dual-stack socket: almost every IPv6 address that comes here.
  const peer = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (peer !== undefined) return peer;
  const shortest = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest);
  if (!mapped) return shortest;
  const [high, low] = [mapped[1], mapped[2]].map((group) => Number.parseInt(group ?? "", 16));
  return [high, low].flatMap((group = 0) => [group >> 8, group & 0xff]).join(".");
}

function splitEntries(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** @returns whether the entry was one */
function addEntry(list: BlockList, entry: string): boolean {
  const [addressText = "", prefixText, ...rest] = entry.split("/");
  const address = normaliseAddress(addressText);
  if (address === null || rest.length > 0) return false;
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (prefixText === undefined) {
    list.addAddress(address, family);
    return true;
  }
  const prefix = /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (!(prefix <= (family === "ipv6" ? 128 : 32))) return false;
  list.addSubnet(address, prefix, family);
  return true;
}
