/** What can go wrong with SSH, apart from commands that run and fail. */
export type SshErrorCode =
  | "connect_failed"
  | "host_key_unknown"
  | "host_key_mismatch"
  | "auth_failed"
  | "bad_key"
  | "timeout"
  | "aborted"
  | "connection_lost"
  | "refused"
  | "closed"
  | "sudo_password_missing"
  | "sudo_password_wrong"
  | "not_found"
  | "too_large"
  | "file_failed"
  | "test_failed"
  | "invalid";

/** What a command has printed. Text that was cut says so itself. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes that are missing in the middle of each. */
  readonly cut: { readonly stdout: number; readonly stderr: number };
}

/** Its message is for people: what is wrong, where, and how to mend it. It holds no secret. */
export class SshError extends Error {
  readonly code: SshErrorCode;
  /** What the command had printed when it came to this. */
  readonly output: Output | undefined;

  constructor(code: SshErrorCode, message: string, details: { output?: Output; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "SshError";
    this.code = code;
    this.output = details.output;
  }
}

/** The exit code that a command's log has for an error, as Cetmix Tower numbers them. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SshError)) return -100;
  switch (error.code) {
    case "host_key_unknown":
      return 503;
    case "sudo_password_missing":
      return 255;
    case "timeout":
      return -206;
    case "aborted":
      return -208;
    default:
      return -100;
  }
}

/** The same error with what was printed before it. */
export function withOutput(error: SshError, output: Output): SshError {
  return new SshError(error.code, error.message, { output, cause: error.cause });
}

/** "0.5 s", "20 s". */
export function formatSeconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(1))} s`;
}
