import { GuestError, type Json } from "../sandbox/sandbox.ts";
import type { HostCalls } from "./host-calls.ts";

/** Host call `domains.extract`: `[url, withPrivateSuffixes]` → `[subdomain, domain, suffix, isPrivate]`. */
export function createDomainCalls(): HostCalls {
  return {
    "domains.extract": async (args) => {
      const [url, withPrivate] = readArgs(args);
      // The list is 200 KB of code: loaded for whoever asks, not at every start.
      const { splitDomain } = await import("./domains.ts");
      const { subdomain, domain, suffix, isPrivate } = splitDomain(url, withPrivate);
      return [subdomain, domain, suffix, isPrivate];
    },
  };
}

function readArgs(args: Json): [url: string, withPrivate: boolean] {
  const [url, withPrivate] = Array.isArray(args) ? args : [];
  if (typeof url !== "string" || typeof withPrivate !== "boolean")
    throw new GuestError("HostError", "domains.extract takes a text and a boolean");
  return [url, withPrivate];
}
