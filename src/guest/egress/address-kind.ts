/**
 * What an IP address is for, from the registries of IANA (special-purpose addresses) and the
 * documentation of clouds. Whatever is in none of these tables is public.
 */

import { isIPv4, isIPv6 } from "node:net";
import { normaliseAddress } from "../../lib/ip-rules.ts";

export interface AddressKind {
  /** In words, after "is": `a private address`. */
  readonly name: string;
  /** No setting permits it: it leads to what a cloud tells its machines, keys included. */
  readonly never: boolean;
}

const LINK_LOCAL = { name: "a link-local address", never: true } as const;
const METADATA = { name: "an address of cloud metadata", never: true } as const;
const LOOPBACK = { name: "a loopback address", never: false } as const;
const PRIVATE = { name: "a private address", never: false } as const;
const UNSPECIFIED = { name: "the unspecified address", never: false } as const;
const MULTICAST = { name: "a multicast address", never: false } as const;
const BROADCAST = { name: "the broadcast address", never: false } as const;
const RESERVED = { name: "a reserved address", never: false } as const;

/** The first that fits counts. */
const IPV4: ReadonlyArray<readonly [string, AddressKind]> = [
  ["169.254.0.0/16", LINK_LOCAL],
  ["100.100.100.200/32", METADATA], // Alibaba
  ["168.63.129.16/32", METADATA], // Azure
  ["192.0.0.192/32", METADATA], // Oracle
  ["0.0.0.0/8", UNSPECIFIED],
  ["10.0.0.0/8", PRIVATE],
  ["100.64.0.0/10", PRIVATE],
  ["127.0.0.0/8", LOOPBACK],
  ["172.16.0.0/12", PRIVATE],
  ["192.0.0.0/24", RESERVED],
  ["192.0.2.0/24", RESERVED],
  ["192.88.99.0/24", RESERVED],
  ["192.168.0.0/16", PRIVATE],
  ["198.18.0.0/15", RESERVED],
  ["198.51.100.0/24", RESERVED],
  ["203.0.113.0/24", RESERVED],
  ["224.0.0.0/4", MULTICAST],
  ["255.255.255.255/32", BROADCAST],
  ["240.0.0.0/4", RESERVED],
];

const IPV6: ReadonlyArray<readonly [string, AddressKind]> = [
  ["fe80::/10", LINK_LOCAL],
  ["fd00:ec2::254/128", METADATA], // AWS
  ["fd00:ec2::23/128", METADATA], // AWS, for containers
  ["fd20:ce::254/128", METADATA], // Google
  ["fd00:42::42/128", METADATA], // Scaleway
  ["::/128", UNSPECIFIED],
  ["::1/128", LOOPBACK],
  ["fc00::/7", PRIVATE],
  ["fec0::/10", PRIVATE],
  ["ff00::/8", MULTICAST],
  ["2001::/23", RESERVED],
  ["2001:db8::/32", RESERVED],
  ["2002::/16", RESERVED],
  ["3fff::/20", RESERVED],
];

interface Embedding {
  readonly network: string;
  /** How many bits lie to the right of the IPv4 address inside. */
  readonly shift: number;
  readonly inverted?: true;
  /** The address is what the one inside is; otherwise only a `never` inside counts. */
  readonly transparent?: true;
}

/** Networks whose addresses hold an IPv4 address, which is where a gateway would send what is sent there. */
const EMBEDDINGS: readonly Embedding[] = [
  { network: "::/96", shift: 0 },
  { network: "::ffff:0:0/96", shift: 0, transparent: true },
  { network: "::ffff:0:0:0/96", shift: 0 },
  { network: "64:ff9b::/96", shift: 0, transparent: true }, // NAT64
  { network: "2002::/16", shift: 80 }, // 6to4
  { network: "2001::/32", shift: 0, inverted: true }, // Teredo: the client …
  { network: "2001::/32", shift: 64 }, // … and its server
];

/** @returns null for a public address. Text that is no address is reserved: nothing is sent there. */
export function findAddressKind(address: string): AddressKind | null {
  const normal = normaliseAddress(address);
  if (normal === null) return RESERVED;
  return isIPv4(normal) ? findKind(IPV4_RANGES, readIPv4(normal)) : findIPv6Kind(readIPv6(normal));
}

function findIPv6Kind(value: bigint): AddressKind | null {
  const embedded = findEmbedded(value);
  const never = embedded.find(({ kind }) => kind?.never);
  if (never) return never.kind;
  const transparent = embedded.find((found) => found.transparent);
  if (transparent) return transparent.kind;
  const kind = findKind(IPV6_RANGES, value);
  // Only 2000::/3 has been given out for use on the internet.
  return kind ?? (value >> 125n === 1n ? null : RESERVED);
}

function findEmbedded(value: bigint): Array<{ readonly kind: AddressKind | null; readonly transparent: boolean }> {
  const inside = EMBEDDING_RANGES.filter(({ range }) => isInside(range, value)).map((embedding) => ({
    address: readEmbedded(value, embedding.shift, embedding.inverted === true),
    transparent: embedding.transparent === true,
  }));
  if (isIsatap(value)) inside.push({ address: value & 0xffff_ffffn, transparent: false });
  if (value >> 80n === LOCAL_NAT64) {
    for (const address of readLocalNat64(value)) inside.push({ address, transparent: false });
  }
  return inside.map(({ address, transparent }) => ({ kind: findKind(IPV4_RANGES, address), transparent }));
}

function readEmbedded(value: bigint, shift: number, inverted: boolean): bigint {
  const address = (value >> BigInt(shift)) & 0xffff_ffffn;
  return inverted ? address ^ 0xffff_ffffn : address;
}

/**
 * What 64:ff9b:1::/48 (RFC 8215) can translate to. Whoever runs the gateway divides the network, so the IPv4 address
 * is after 96, 64, 56 or 48 bits; RFC 6052 keeps bits 64 to 71 free, so the last two are in two pieces.
 */
function readLocalNat64(value: bigint): bigint[] {
  return [
    value & 0xffff_ffffn,
    (value >> 24n) & 0xffff_ffffn,
    (((value >> 64n) & 0xffn) << 24n) | ((value >> 32n) & 0xff_ffffn),
    (((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn),
  ];
}

/** RFC 5214: `…:0:5efe:` or `…:200:5efe:` before an IPv4 address, after any prefix. */
function isIsatap(value: bigint): boolean {
  const marker = (value >> 32n) & 0xffff_ffffn;
  return marker === 0x5efen || marker === 0x0200_5efen;
}

interface Range {
  readonly network: bigint;
  /** Bits that are not compared. */
  readonly hostBits: bigint;
}

const IPV4_RANGES = IPV4.map(([cidr, kind]) => ({ range: readRange(cidr), kind }));
const IPV6_RANGES = IPV6.map(([cidr, kind]) => ({ range: readRange(cidr), kind }));
const EMBEDDING_RANGES = EMBEDDINGS.map((embedding) => ({ ...embedding, range: readRange(embedding.network) }));
const LOCAL_NAT64 = readIPv6("64:ff9b:1::") >> 80n;

function findKind(
  ranges: ReadonlyArray<{ readonly range: Range; readonly kind: AddressKind }>,
  value: bigint,
): AddressKind | null {
  return ranges.find(({ range }) => isInside(range, value))?.kind ?? null;
}

function isInside({ network, hostBits }: Range, value: bigint): boolean {
  return value >> hostBits === network >> hostBits;
}

function readRange(cidr: string): Range {
  const [address = "", prefix] = cidr.split("/");
  const isLong = isIPv6(address);
  return {
    network: isLong ? readIPv6(address) : readIPv4(address),
    hostBits: BigInt((isLong ? 128 : 32) - Number(prefix)),
  };
}

function readIPv4(address: string): bigint {
  return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** Any spelling of it; the WHATWG parser brings it into groups of hex digits. */
function readIPv6(address: string): bigint {
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = "", right] = groups.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = right === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...tail].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
