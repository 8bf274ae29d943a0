/**
 * Every error that Hooktower answers with on purpose. A stable `code` names it in the API
 * (`type: "urn:hooktower:error:<code>"`), in the command line and in `docs/reference/errors.md`.
 * Anything else that is thrown is a bug: logged whole, answered opaquely.
 */
export const ERROR_CODES = {
  malformed: { status: 400, title: "The request cannot be read" },
  unauthenticated: { status: 401, title: "Sign in first" },
  forbidden: { status: 403, title: "Your group may not do this" },
  not_found: { status: 404, title: "Not found" },
  conflict: { status: 409, title: "It clashes with what exists" },
  too_large: { status: 413, title: "The request is too large" },
  unsupported_media_type: { status: 415, title: "The body's media type is not understood here" },
  invalid: { status: 422, title: "Some values are not valid" },
  too_many_requests: { status: 429, title: "Too many attempts" },
  unavailable: { status: 503, title: "Not able to answer right now" },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What is wrong with one field. `path` is dotted (`records.2.endpoint`); empty for the whole. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export class HooktowerError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    details: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "HooktowerError";
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.errors = details.errors ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** 422 with one entry per bad field. */
export function invalid(errors: readonly FieldError[]): HooktowerError {
  const text = errors.map((error) => (error.path ? `${error.path}: ${error.message}` : error.message));
  return new HooktowerError("invalid", text.join("; "), { errors });
}

/** Any thrown value as an Error, so that it can be logged with a stack. */
export function coerceError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
