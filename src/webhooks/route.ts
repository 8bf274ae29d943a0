import type { IpRules } from "../lib/ip-rules.ts";
import type { PreparedProgram } from "../sandbox/sandbox.ts";

/** Everything a call needs to know, read from memory: nothing is looked up while it waits. */
export interface Route {
  readonly webhookId: number;
  readonly reference: string;
  readonly endpoint: string;
  readonly method: "post" | "get";
  readonly active: boolean;
  readonly payloadType: "json" | "form";
  readonly code: Code;
  readonly authenticator: Authenticator;
  readonly runAs: RunAsUser;
}

export interface Authenticator {
  readonly id: number;
  readonly reference: string;
  readonly code: Code;
  /** Null: every address may call. */
  readonly allowedAddresses: IpRules | null;
  /** Null: no proxy is believed. */
  readonly trustedProxies: IpRules | null;
}

/** Source with the secrets it names. */
export interface Code {
  readonly program: PreparedProgram;
  /** A value for each reference the source names; null: there is none, or it is empty. */
  readonly secrets: ReadonlyMap<string, string | null>;
}

/** The user whose rights the code has. */
export interface RunAsUser {
  readonly id: number;
  readonly login: string;
  readonly name: string;
  readonly email: string | null;
  readonly group: "user" | "manager" | "root";
  readonly active: boolean;
}
