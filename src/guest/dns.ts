/**
 * DNS lookups of snippets, by the resolvers of the system: `dns.resolver.resolve`. Which resolver is asked is not for
 * snippets to say.
 */

import { Resolver } from "node:dns/promises";
import { domainToASCII } from "node:url";
import { GuestError, type Json } from "../sandbox/sandbox.ts";
import type { HostCallContext, HostCalls } from "./host-calls.ts";

export interface DnsOptions {
  /** `address:port` of each resolver to ask; the system's unless given. */
  readonly servers?: readonly string[];
}

const DEFAULT_LIFETIME_MS = 5_000;
const MAX_LIFETIME_MS = 30_000;
const MOST_NAME_CHARACTERS = 253;
const MOST_LABEL_CHARACTERS = 63;
/** A backslash would begin an escape. */
const LABEL = /^[!-[\]-~]+$/;

interface Found {
  /** Seconds; null where the resolver does not say. */
  readonly ttl: number | null;
  /** The fields of each record in the order of its presentation form; names without their last dot. */
  readonly records: readonly (readonly Json[])[];
}

const LOOKUPS = new Map<string, (resolver: Resolver, name: string) => Promise<Found>>([
  ["A", async (resolver, name) => takeAddresses(await resolver.resolve4(name, { ttl: true }))],
  ["AAAA", async (resolver, name) => takeAddresses(await resolver.resolve6(name, { ttl: true }))],
  ["CNAME", async (resolver, name) => take(await resolver.resolveCname(name), (target) => [target])],
  ["NS", async (resolver, name) => take(await resolver.resolveNs(name), (target) => [target])],
  ["PTR", async (resolver, name) => take(await resolver.resolvePtr(name), (target) => [target])],
  ["MX", async (resolver, name) => take(await resolver.resolveMx(name), (mx) => [mx.priority, mx.exchange])],
  ["TXT", async (resolver, name) => take(await resolver.resolveTxt(name), (texts) => [texts])],
  [
    "SRV",
    async (resolver, name) =>
      take(await resolver.resolveSrv(name), (srv) => [srv.priority, srv.weight, srv.port, srv.name]),
  ],
  [
    "SOA",
    async (resolver, name) =>
      take([await resolver.resolveSoa(name)], (soa) => [
        soa.nsname,
        soa.hostmaster,
        soa.serial,
        soa.refresh,
        soa.retry,
        soa.expire,
        soa.minttl,
      ]),
  ],
  [
    "CAA",
    async (resolver, name) =>
      take(await resolver.resolveCaa(name), ({ critical, ...property }) => {
        const [tag = "", value = ""] = Object.entries(property).find(([key]) => key !== "type") ?? [];
        return [critical, tag, value];
      }),
  ],
  [
    "NAPTR",
    async (resolver, name) =>
      take(await resolver.resolveNaptr(name), (naptr) => [
        naptr.order,
        naptr.preference,
        naptr.flags,
        naptr.service,
        naptr.regexp,
        naptr.replacement,
      ]),
  ],
]);

/**
 * Host call `dns.resolve`: `[name, type, lifetime in seconds or null]` → `{name, ttl, records}`. The errors are those
 * that the guest's `dns.py` knows.
 */
export function createDnsCalls({ servers }: DnsOptions = {}): HostCalls {
  return {
    "dns.resolve": async (args, context) => {
      const { name, type, lifetimeMs } = readArgs(args);
      const lookUp = LOOKUPS.get(type);
      if (!lookUp) throw new GuestError("dns.UnknownRdatatype", "DNS resource record type is unknown.");
      // One for each lookup: cancelling a resolver ends all that it is asked.
      const resolver = new Resolver({ timeout: Math.max(100, Math.floor(lifetimeMs / 3)), tries: 2 });
      if (servers) resolver.setServers(servers);
      const query = () => lookUp(resolver, name);
      const { ttl, records } = await answerWithin(resolver, query, { name, type, lifetimeMs, signal: context.signal });
      return { name, ttl, records: records.map((record) => [...record]) };
    },
  };
}

interface Question {
  readonly name: string;
  readonly type: string;
  readonly lifetimeMs: number;
  readonly signal: HostCallContext["signal"];
}

async function answerWithin(resolver: Resolver, query: () => Promise<Found>, question: Question): Promise<Found> {
  const { lifetimeMs, signal } = question;
  const cancel = () => resolver.cancel();
  const timer = setTimeout(cancel, lifetimeMs);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await query();
  } catch (error) {
    throw explain(error, question);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** Turns a code of the resolver into the exception that snippets know. */
function explain(error: unknown, { name, type, lifetimeMs }: Question): unknown {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
  const question = `${name}. IN ${type}`;
  switch (code) {
    case null:
    case "ERR_INVALID_ARG_TYPE":
      return error;
    case "ENOTFOUND":
    case "EBADNAME": // of characters that the resolver does not even ask for, and nobody has
      return new GuestError("dns.NXDOMAIN", `The DNS query name does not exist: ${name}.`);
    case "ENODATA":
      return new GuestError("dns.NoAnswer", `The DNS response does not contain an answer to the question: ${question}`);
    case "ETIMEOUT":
    case "ECANCELLED":
      return new GuestError(
        "dns.LifetimeTimeout",
        `The resolution lifetime expired after ${(lifetimeMs / 1000).toFixed(3)} seconds: ${question}`,
      );
    default:
      return new GuestError(
        "dns.NoNameservers",
        `All nameservers failed to answer the query ${question}: ${code.replace(/^E/, "")}`,
      );
  }
}

function readArgs(args: Json): Omit<Question, "signal"> {
  const [name, type, lifetime] = Array.isArray(args) ? args : [];
  if (typeof name !== "string" || typeof type !== "string" || (typeof lifetime !== "number" && lifetime !== null))
    throw new GuestError("HostError", "dns.resolve takes a name, a type and a time");
  const lifetimeMs = lifetime === null ? DEFAULT_LIFETIME_MS : lifetime * 1000;
  return {
    name: parseName(name),
    type,
    lifetimeMs: Math.min(Math.max(lifetimeMs, 1), MAX_LIFETIME_MS),
  };
}

/** The name as it is asked for: ASCII, without its last dot. */
function parseName(text: string): string {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length > MOST_NAME_CHARACTERS) throw tooLong();
  const ascii = /[^\0-~]/.test(name) ? domainToASCII(name) : name;
  if (ascii === "" && name !== "") throw new GuestError("dns.IDNAException", "IDNA processing exception.");
  if (ascii.length > MOST_NAME_CHARACTERS) throw tooLong();
  if (ascii === "") return ascii;
  for (const label of ascii.split(".")) {
    if (label === "") throw new GuestError("dns.EmptyLabel", "A DNS label is empty.");
    if (label.length > MOST_LABEL_CHARACTERS)
      throw new GuestError("dns.LabelTooLong", "A DNS label is > 63 octets long.");
    if (!LABEL.test(label)) throw new GuestError("dns.SyntaxError", "Text input is malformed.");
  }
  return ascii;
}

function tooLong(): GuestError {
  return new GuestError("dns.NameTooLong", "A DNS name is > 255 octets long.");
}

function take<Item>(items: readonly Item[], read: (item: Item) => Json[]): Found {
  return { ttl: null, records: items.map(read) };
}

function takeAddresses(items: readonly { readonly address: string; readonly ttl: number }[]): Found {
  return { ttl: items[0]?.ttl ?? null, records: items.map(({ address }) => [address]) };
}
