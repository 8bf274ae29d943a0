import { normaliseAddress, type IpRules } from "../lib/ip-rules.ts";
import type { RequestHeaders } from "./http-request.ts";

/**
 * Whose call it is. The peer itself, unless it is a trusted proxy: then the right-most address in
 * X-Forwarded-For that is not one (a sender can write whatever it likes to the left of what the
 * proxy added). Without a usable X-Forwarded-For, X-Real-IP; without that, the peer.
 *
 * @returns an IP address, or the peer's text as it is when that is no address
 */
export function findClientAddress(peer: string, headers: RequestHeaders, trustedProxies: IpRules | null): string {
  const peerAddress = normaliseAddress(peer) ?? peer;
  if (!trustedProxies?.matches(peerAddress)) return peerAddress;
  const forwarded = (headers.get("X-Forwarded-For") ?? "").split(",").flatMap((entry) => parseHop(entry) ?? []);
  const client = forwarded.findLast((address) => !trustedProxies.matches(address)) ?? forwarded[0];
  return client ?? parseHop(headers.get("X-Real-Ip") ?? "") ?? peerAddress;
}

/** One entry of X-Forwarded-For; some proxies add a port or brackets. */
function parseHop(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, "$1")
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1");
  return normaliseAddress(bare);
}
