import type { Program } from "../sandbox/sandbox.ts";

/** The kinds of programs that people write, and what their `result` means. */
export type ProgramKind = "authenticator" | "webhook";

const CONTRACTS = {
  authenticator: {
    defaultResult: { allowed: false },
    readings: { allowed: "truth", http_code: "json", message: "json" },
  },
  webhook: {
    defaultResult: { exit_code: 0, message: null },
    readings: { exit_code: "nonzero", message: "json", response: "json" },
  },
} as const satisfies Record<ProgramKind, Pick<Program, "defaultResult" | "readings">>;

/** @param name shown in tracebacks, e.g. `github_push` */
export function makeProgram(kind: ProgramKind, name: string, source: string): Program {
  return { language: "python", name: `${kind} ${name}`, source, ...CONTRACTS[kind] };
}

export function isProgramKind(text: string): text is ProgramKind {
  return text in CONTRACTS;
}
