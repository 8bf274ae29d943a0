import { readFileSync } from "node:fs";
import type { CallInit } from "../support/http-client.ts";

/** One line of `python-sample.jsonl`: a snippet as users write it, and what must come of it. */
export interface Case {
  readonly id: string;
  readonly group: string;
  readonly why: string;
  readonly kind: "webhook" | "authenticator";
  readonly code?: string;
  readonly request?: CaseRequest;
  readonly expect?: Expectation;
  readonly steps?: ReadonlyArray<{
    readonly code: string;
    readonly request: CaseRequest;
    readonly expect: Expectation;
  }>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly better_than_reference: boolean;
  readonly webhook_code?: string;
  readonly content_type?: "json" | "form";
  readonly authenticator?: Readonly<Record<string, string>>;
  readonly webhook_method?: "post" | "get";
  readonly active?: boolean;
  readonly endpoint?: string;
  readonly call_endpoint?: string;
  readonly needs?: readonly Need[];
  readonly variables?: Readonly<Record<string, string | null>>;
  readonly fixtures?: Readonly<Record<string, ReadonlyArray<Readonly<Record<string, unknown>>>>>;
  readonly run_as?: string;
  readonly max_seconds?: number;
  readonly then_alive?: boolean;
}

export type Need = "echo" | "records" | "variables" | "psl" | "dns";

export interface CaseRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly body_base64?: string;
  readonly query: string;
}

export interface Expectation {
  readonly http_status?: number;
  readonly http_status_any?: readonly number[];
  readonly message_equals?: unknown;
  readonly message_contains?: string | readonly string[];
  readonly message_not_contains?: string | readonly string[];
  readonly message_starts_with?: string;
  readonly message_length?: number;
  readonly auth_status?: string;
  readonly code_status?: string;
  readonly error_contains?: string | readonly string[];
  readonly error_contains_any?: readonly string[];
  readonly log_not_contains?: readonly string[];
  readonly log_result_message?: string;
}

const KNOWN_EXPECTATIONS = new Set([
  "http_status",
  "http_status_any",
  "message_equals",
  "message_contains",
  "message_not_contains",
  "message_starts_with",
  "message_length",
  "auth_status",
  "code_status",
  "error_contains",
  "error_contains_any",
  "log_not_contains",
  "log_result_message",
]);

export interface Step {
  readonly code: string;
  readonly request: CaseRequest;
  readonly expect: Expectation;
}

export function readCases(file: URL): Case[] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const cases = lines.map((line) => JSON.parse(line) as Case);
  for (const sample of cases) {
    for (const { expect } of readSteps(sample)) {
      // A check that nobody makes would pass for ever.
      const unknown = Object.keys(expect).filter((key) => !KNOWN_EXPECTATIONS.has(key));
      if (unknown.length > 0) throw new Error(`${sample.id} expects what is not known: ${unknown.join(", ")}`);
    }
  }
  return cases;
}

/** A case without `steps` has one. */
export function readSteps(sample: Case): readonly Step[] {
  if (sample.steps) return sample.steps;
  const { code, request, expect } = sample;
  if (code === undefined || !request || !expect)
    throw new Error(`${sample.id} has neither steps nor code, request and expect`);
  return [{ code, request, expect }];
}

export function toCallInit({ method, headers, body, body_base64: base64, query }: CaseRequest): CallInit {
  return { method, headers, query, body: base64 === undefined ? body : Buffer.from(base64, "base64") };
}

export function asList(words: string | readonly string[] | undefined): readonly string[] {
  return words === undefined ? [] : [words].flat();
}
