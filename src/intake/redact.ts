import { createMasker, MASK, type Masker } from "../guest/mask.ts";
import type { Route } from "../webhooks/route.ts";
import type { RequestHeaders } from "./http-request.ts";
import { getRouteMasker, secretValues } from "./route-masker.ts";

/** Headers and query parameters that carry credentials whatever the provider. Signatures stay: they are no secret. */
const CREDENTIAL_NAME = new RegExp(
  [
    "^(?:proxy-)?authorization$",
    "^(?:set-)?cookie$",
    "^key$",
    "[-_]auth$",
    "(?:^|[-_])(?:api|access|auth|secret|private|shared|webhook|subscription|client)[-_]?keys?$",
    "(?:^|[-_])(?:token|secret|password|passwd|credential)s?(?:$|[-_])",
  ].join("|"),
  "i",
);

/** Of a call that nobody could be asked about (unknown endpoint), only these are kept readable. */
const HARMLESS_NAMES = new Set(["Host", "User-Agent", "Content-Type", "Content-Length", "Accept", "X-Forwarded-For"]);

/**
 * Headers as they are stored: credentials masked by name, and by value wherever a secret of the
 * webhook or something its code compared with one stands in them.
 */
export function redactHeaders(
  headers: RequestHeaders,
  route: Route | undefined,
  sensitive: readonly string[],
): Record<string, string> {
  const mask = chooseMasker(route, sensitive);
  return Object.fromEntries(
    [...headers].map(([name, value]) => {
      const isHidden = CREDENTIAL_NAME.test(name) || (route === undefined && !HARMLESS_NAMES.has(name));
      return [name, isHidden ? MASK : mask(value)];
    }),
  );
}

/** A raw query string as it is stored. */
export function redactQuery(query: string, route: Route | undefined, sensitive: readonly string[]): string {
  if (query === "") return query;
  const values = [...(route ? secretValues(route) : []), ...sensitive];
  const mask = createMasker([...values, ...values.map((value) => encodeURIComponent(value.toWellFormed()))]);
  return query
    .split("&")
    .map((pair) => {
      const [name, value] = splitOnce(pair, "=");
      return value !== undefined && CREDENTIAL_NAME.test(readName(name)) ? `${name}=${MASK}` : mask(pair);
    })
    .join("&");
}

function chooseMasker(route: Route | undefined, sensitive: readonly string[]): Masker {
  if (route && sensitive.length === 0) return getRouteMasker(route);
  return createMasker([...(route ? secretValues(route) : []), ...sensitive]);
}

/** A parameter's name, decoded, its words parted by dashes: `accessToken`, `user[token]`. */
function readName(encoded: string): string {
  const [name = ""] = new URLSearchParams(encoded).keys();
  return name.replace(/([a-z])([A-Z])/g, "$1-$2").replace(/[.[\]]+/g, "-");
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}
