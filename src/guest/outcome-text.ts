import type { RunOutcome, SourceProblem } from "../sandbox/sandbox.ts";

type Failure = Exclude<RunOutcome, { status: "completed" }>;

/**
 * A failed run in words, for the sender and the log: the exception's type, text and line, never
 * the source. A UserError is a message meant for people and stands as it is.
 */
export function describeFailure(outcome: Failure): string {
  switch (outcome.status) {
    case "raised":
      if (outcome.type === "UserError" || outcome.type === "ResultError") return outcome.message;
      return `${outcome.type}: ${outcome.message}${position(outcome.line, null)}`;
    case "refused":
      return describeProblem(outcome);
    case "limit":
    case "lost":
    case "busy":
      return outcome.message;
    default:
      return outcome satisfies never;
  }
}

/** Why source is refused, and where. */
export function describeProblem({ type, message, line, column }: SourceProblem): string {
  return `${type}: ${message}${position(line, column)}`;
}

/** ` (line 3, column 7)`, as far as it is known. */
function position(line: number | null, column: number | null): string {
  if (line === null) return "";
  return column === null ? ` (line ${line})` : ` (line ${line}, column ${column})`;
}
