import { isIP } from "node:net";
import { findInvalidEntry, parseIpRules } from "./ip-rules.ts";

/** A list of host names, addresses and networks. */
export interface HostRules {
  /** @param hostname as `canonicalHost` gives it */
  matchesName(hostname: string): boolean;
  matchesAddress(address: string): boolean;
}

/**
 * Reads a list of host names (`api.example.com`, or `*.example.com` for all below it), IP addresses
 * and CIDRs. What is none of these is left out: `findInvalidHostRule` finds it.
 */
export function parseHostRules(entries: readonly string[]): HostRules {
  const names = new Set<string>();
  const domains: string[] = [];
  const networks: string[] = [];
  for (const entry of entries) {
    const name = readName(entry);
    if (isNetwork(entry)) networks.push(entry);
    else if (name?.startsWith("*.")) domains.push(name.slice(1));
    else if (name !== null) names.add(name);
  }
  const addresses = parseIpRules(networks.join(","));
  return {
    matchesName: (hostname) => names.has(hostname) || domains.some((domain) => hostname.endsWith(domain)),
    matchesAddress: (address) => addresses?.matches(address) ?? false,
  };
}

/** The first entry that is no host name, address or CIDR; null when all are. */
export function findInvalidHostRule(entries: readonly string[]): string | null {
  return entries.find((entry) => !isNetwork(entry) && readName(entry) === null) ?? null;
}

/**
 * The one spelling of a host, as the WHATWG URL parser has it: lower case, IDNA, addresses in their
 * usual form, without the brackets of IPv6 and without the dot at the end.
 *
 * @param hostname of a URL
 */
export function canonicalHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

function isNetwork(entry: string): boolean {
  return entry !== "" && findInvalidEntry(entry) === null;
}

function readName(entry: string): string | null {
  const [, wildcard = "", name = ""] = /^(\*\.)?(.+)$/.exec(entry) ?? [];
  if (!/^[\p{L}\p{N}._-]+$/u.test(name) || !URL.canParse(`http://${name}/`)) return null;
  const canonical = canonicalHost(new URL(`http://${name}/`).hostname);
  // `10.1` is an address to a URL; whoever means it writes it out.
  return canonical === "" || isIP(canonical) !== 0 ? null : wildcard + canonical;
}
