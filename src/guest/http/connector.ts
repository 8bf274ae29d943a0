import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { buildConnector } from "undici";
import { canonicalHost } from "../../lib/host-rules.ts";
import type { EgressPolicy } from "../egress/policy.ts";

/** Requests time out sooner; this ends what nobody waits for any more. */
const CONNECT_TIMEOUT_MS = 60_000;

/**
 * Opens connections where the policy permits it. A name is looked up once for a connection: the
 * addresses that were checked are those that are tried, and TLS verifies the name.
 */
export function createConnector(policy: EgressPolicy, verify: boolean): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    rejectUnauthorized: verify,
    autoSelectFamily: true,
    lookup: (hostname, { all }, callback) => void answerLookup(policy, hostname, all === true, callback),
  });
  return (options, callback) => {
    const host = canonicalHost(options.hostname);
    const isAddress = isIP(host) !== 0;
    try {
      // For an address nothing is looked up.
      if (isAddress) policy.check(host, host);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    // Not what a `Host` header says: the certificate is for whom the URL names.
    const { protocol, port } = options;
    const target = { hostname: host, host, protocol, port, ...(!isAddress && { servername: host }) };
    connect(target, (...[error, socket]) => {
      if (error) return callback(error, null);
      try {
        policy.check(host, socket.remoteAddress ?? "");
      } catch (refusal) {
        socket.destroy();
        return callback(refusal as Error, null);
      }
      return callback(null, socket);
    });
  };
}

/** Hands Node the addresses that the policy permits, instead of what it would look up itself. */
async function answerLookup(
  policy: EgressPolicy,
  hostname: string,
  all: boolean,
  callback: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): Promise<void> {
  let addresses: readonly LookupAddress[];
  try {
    addresses = await policy.resolve(hostname);
  } catch (error) {
    return callback(error as Error, []);
  }
  if (all) return callback(null, [...addresses]);
  return callback(null, addresses[0]?.address ?? "", addresses[0]?.family);
}
