import { lookup as lookupName, type LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { canonicalHost, parseHostRules } from "../../lib/host-rules.ts";
import { findAddressKind } from "./address-kind.ts";

export interface EgressOptions {
  /** Whether loopback, private and reserved addresses may be reached. */
  readonly allowPrivate: boolean;
  /** Host names, addresses and CIDRs that may be reached anyway. */
  readonly allow: readonly string[];
  /** All addresses of a name; the system's own way of looking up unless given. */
  readonly lookup?: (hostname: string) => Promise<readonly LookupAddress[]>;
}

/** Where programs' requests may go. Only addresses are judged: a name is as good as all that it stands for. */
export interface EgressPolicy {
  /**
   * The addresses of a host, every one of them permitted. Connect to one of these and look nothing
   * up again: the next answer may be another.
   *
   * @param hostname of a WHATWG URL
   * @throws EgressError when one of them is not permitted; what the lookup throws
   */
  resolve(hostname: string): Promise<readonly LookupAddress[]>;
  /** @throws EgressError when what is reached as `hostname` at `address` is not permitted */
  check(hostname: string, address: string): void;
}

/** A host must not be reached. One line for whoever wrote the code. */
export class EgressError extends Error {
  override readonly name = "EgressError";
}

export function createEgressPolicy(options: EgressOptions): EgressPolicy {
  const rules = parseHostRules(options.allow);
  const lookup = shareLookups(options.lookup ?? lookUpAll);

  function check(hostname: string, address: string): void {
    const kind = findAddressKind(address);
    if (kind === null) return;
    const host = canonicalHost(hostname);
    const shown = host === address ? address : `${host} (${address})`;
    if (kind.never) throw new EgressError(`${shown} is ${kind.name}, which no setting permits`);
    if (options.allowPrivate || rules.matchesName(host) || rules.matchesAddress(address)) return;
    throw new EgressError(
      `${shown} is ${kind.name}; HOOKTOWER_EGRESS_ALLOW_PRIVATE or HOOKTOWER_EGRESS_ALLOW permits it`,
    );
  }

  return {
    check,
    async resolve(hostname) {
      const host = canonicalHost(hostname);
      const family = isIP(host);
      const addresses = family === 0 ? await lookup(host) : [{ address: host, family }];
      for (const { address } of addresses) check(host, address);
      return addresses;
    },
  };
}

/** Requests to one host at the same time ask once: the system looks up four names at a time. */
function shareLookups(
  lookup: (hostname: string) => Promise<readonly LookupAddress[]>,
): (hostname: string) => Promise<readonly LookupAddress[]> {
  const running = new Map<string, Promise<readonly LookupAddress[]>>();
  return (hostname) => {
    const known = running.get(hostname);
    if (known) return known;
    const answer = lookup(hostname).finally(() => running.delete(hostname));
    running.set(hostname, answer);
    return answer;
  };
}

function lookUpAll(hostname: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookupName(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}
