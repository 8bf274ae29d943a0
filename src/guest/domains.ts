/** What snippets learn from the public suffix list: `tldextract.extract`. */

import { isIPv4, isIPv6 } from "node:net";
import { parse } from "tldts";

export interface DomainParts {
  readonly subdomain: string;
  /** The label before the suffix; the whole host when it is an address, an IPv6 one in its brackets. */
  readonly domain: string;
  /** Empty when the list has none for the host. */
  readonly suffix: string;
  /** The suffix is one of the list's private part, `github.io` say. */
  readonly isPrivate: boolean;
}

/** Full stops of other scripts, which stand for `.` in a host name. */
const OTHER_DOTS = /[。．｡]/g;
const SCHEME = /^(?:[a-z\d+.-]*:)?\/\//i;

/** Takes a URL, or what is left of one, apart. Nothing in it is refused; the case of letters stays. */
export function splitDomain(url: string, withPrivate: boolean): DomainParts {
  const host = withoutLastDots(findHost(url).replaceAll(OTHER_DOTS, "."));
  const whole: DomainParts = { subdomain: "", domain: host, suffix: "", isPrivate: false };
  if (host.startsWith("[") && host.endsWith("]") && isIPv6(host.slice(1, -1))) return whole;
  if (isIPv4(host)) return whole;
  const labels = host.split(".");
  const { publicSuffix, isIcann, isPrivate } = parse(host.toLowerCase(), {
    allowPrivateDomains: withPrivate,
    detectIp: false,
    extractHostname: false,
    validateHostname: false,
  });
  // For a host that no rule fits the parser gives the last label, as the list's own algorithm wants it.
  const isListed = isIcann === true || isPrivate === true;
  const suffixLabels = isListed && publicSuffix !== null ? publicSuffix.split(".").length : 0;
  const start = labels.length - suffixLabels;
  return {
    subdomain: labels.slice(0, Math.max(0, start - 1)).join("."),
    domain: labels[start - 1] ?? "",
    suffix: labels.slice(start).join("."),
    isPrivate: isPrivate === true,
  };
}

/** The host of a URL with or without scheme, user, port, path, query and fragment. */
function findHost(url: string): string {
  const rest = url.replace(SCHEME, "");
  const [authority = ""] = rest.split(/[/?#]/, 1);
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  const bracket = address.startsWith("[") ? address.lastIndexOf("]") : -1;
  if (bracket > 0) return address.slice(0, bracket + 1);
  const [host = ""] = address.split(":", 1);
  return host.trim();
}

/** A loop: `/\.+$/` takes quadratic time for dots that are not at the end, minutes for a million. */
function withoutLastDots(host: string): string {
  let end = host.length;
  while (host[end - 1] === ".") end -= 1;
  return host.slice(0, end);
}
