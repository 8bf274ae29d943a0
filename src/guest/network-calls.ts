import { createDnsCalls } from "./dns.ts";
import { createDomainCalls } from "./domain-calls.ts";
import { createEgressPolicy, type EgressOptions } from "./egress/policy.ts";
import type { HostCalls } from "./host-calls.ts";
import { createHttpCalls } from "./http/http-calls.ts";

export interface NetworkOptions {
  readonly egress: EgressOptions;
  /** Bytes of one response. */
  readonly maxResponseBytes: number;
}

/** All that programs may ask of the network. */
export interface NetworkCalls {
  readonly hostCalls: HostCalls;
  /** Loads what the first call would load otherwise. */
  load(): Promise<void>;
  /** Ends what is still open. */
  close(): Promise<void>;
}

export function createNetworkCalls({ egress, maxResponseBytes }: NetworkOptions): NetworkCalls {
  const policy = createEgressPolicy(egress);
  const http = createHttpCalls({ policy, maxResponseBytes });
  return {
    hostCalls: { ...http.hostCalls, ...createDnsCalls(), ...createDomainCalls() },
    load: http.load,
    close: http.close,
  };
}
