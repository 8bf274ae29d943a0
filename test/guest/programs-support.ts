import { makeProgram, type ProgramKind } from "../../src/guest/programs.ts";
import type { Json, Limits, RunOutcome, Sandbox } from "../../src/sandbox/sandbox.ts";

export interface Values {
  readonly [name: string]: Json;
}

/** Runs source as a program of a kind, with JSON values as its inputs. */
export function runKind(
  sandbox: Sandbox,
  kind: ProgramKind,
  source: string,
  values: Values = {},
  limits: Partial<Limits> = {},
): Promise<RunOutcome> {
  const inputs = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { kind: "json", value } as const]),
  );
  return sandbox.run({
    program: sandbox.prepare(makeProgram(kind, "test", source)),
    inputs,
    secrets: new Map(),
    limits,
  });
}

/** What a template prints, or `Type: message` of what went wrong. */
export async function render(
  sandbox: Sandbox,
  source: string,
  values: Values = {},
  kind: "template" | "pythonic_template" = "template",
): Promise<string> {
  const outcome = await runKind(sandbox, kind, source, values);
  if (outcome.status === "raised" || outcome.status === "refused") return `${outcome.type}: ${outcome.message}`;
  if (outcome.status !== "completed") throw new Error(`${outcome.status}: ${outcome.message}`);
  const { text } = outcome.result;
  if (typeof text !== "object" || text === null) throw new Error("no text");
  return text.text;
}
