import { pino, stdTimeFunctions, type Logger as PinoLogger } from "pino";

/** The process's own log: one JSON object a line on standard error, never a secret in it. */
export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "fatal">;

const REDACTED_PATHS = ["*.password", "*.secret_value", "*.token", "*.authorization", "*.cookie"];

/** @param level pino level: fatal, error, warn, info, debug, trace or silent */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      base: null,
      redact: { paths: REDACTED_PATHS, censor: "*****" },
      serializers: { err: describeError },
    },
    process.stderr,
  );
}

/**
 * Name, text, code and stack. Not every property: PostgreSQL puts the values of the row into
 * `detail` and `where`.
 */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const code = "code" in error ? error.code : undefined;
  return { name, message, code, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}

export const silentLogger: Logger = pino({ level: "silent" });
