import type { Json } from "../sandbox/sandbox.ts";

export type AuthenticationStatus = "success" | "failed" | "not_required";
export type CodeStatus = "success" | "failed" | "skipped" | "queued" | "running";
/** How `request_payload` is read from what arrived. */
export type PayloadSource = "json" | "form" | "query";

/** What is stored of one call. Credentials are masked before it gets here. */
export interface CallRecord {
  /** UUIDv7: sorts by time. */
  readonly id: string;
  /** Milliseconds since 1970 UTC, when the call arrived. */
  readonly createDate: number;
  readonly webhookId: number | null;
  readonly authenticatorId: number | null;
  readonly endpoint: string;
  readonly requestMethod: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestQuery: string;
  readonly payloadSource: PayloadSource;
  readonly rawBody: Uint8Array | null;
  readonly ipAddress: string | null;
  readonly authenticationStatus: AuthenticationStatus;
  readonly codeStatus: CodeStatus;
  readonly httpStatus: number;
  readonly resultMessage: string | null;
  readonly errorMessage: string | null;
  readonly errorTraceback: string | null;
  readonly codeLog: ReadonlyArray<{ readonly level: string; readonly text: string }>;
  readonly userId: number | null;
  readonly durationMs: number;
  readonly attempt: number;
  readonly replayOf: string | null;
  readonly test: boolean;
}

/** A call as it is read: contract names, relations as references. */
export interface CallView {
  readonly id: string;
  readonly create_date: string;
  readonly webhook_id: string | null;
  readonly authenticator_id: string | null;
  readonly endpoint: string;
  readonly request_method: string;
  readonly request_headers: Readonly<Record<string, string>>;
  readonly request_query: string;
  readonly request_payload: Json;
  /** The exact bytes: as text when they are UTF-8, else as base64 (see `raw_body_encoding`). */
  readonly raw_body: string | null;
  readonly raw_body_encoding: "utf8" | "base64" | null;
  readonly ip_address: string | null;
  readonly country_code: string | null;
  readonly authentication_status: AuthenticationStatus;
  readonly code_status: CodeStatus;
  readonly http_status: number;
  readonly result_message: string | null;
  readonly error_message: string | null;
  readonly error_traceback: string | null;
  readonly code_log: ReadonlyArray<{ readonly level: string; readonly text: string }>;
  /** Login of the user the code ran as. */
  readonly user_id: string | null;
  readonly duration_ms: number;
  readonly attempt: number;
  readonly replay_of: string | null;
  readonly test: boolean;
}

/** Filters of the call log; all that are given must hold. */
export interface CallQuery {
  /** Reference of a webhook. */
  readonly webhook_id?: string;
  readonly endpoint?: string;
  readonly http_status?: number;
  readonly authentication_status?: AuthenticationStatus;
  readonly code_status?: CodeStatus;
  /** Milliseconds since 1970 UTC: calls that arrived at or after it. */
  readonly since?: number;
  /** Milliseconds since 1970 UTC: calls that arrived before it. */
  readonly until?: number;
  /** Text to find in endpoint, address, messages and body. */
  readonly search?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface CallPage {
  readonly items: readonly CallView[];
  readonly nextCursor: string | null;
}

/** Reads the call log; newest first. */
export interface CallLog {
  list(query: CallQuery): Promise<CallPage>;
  find(id: string): Promise<CallView | null>;
  /** The calls after `id` (null: from now on), oldest first, for following the log. */
  listAfter(id: string | null, limit: number): Promise<readonly CallView[]>;
}
