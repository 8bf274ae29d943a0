import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { openSandbox } from "../sandbox/support.ts";

/** What the real dateutil answers: see `record-dateutil.py`. */
interface Recorded {
  readonly prelude: string;
  /** Expressions and the repr of their values; `!Type: message` where they raise. */
  readonly cases: Readonly<Record<string, readonly (readonly [expression: string, outcome: string])[]>>;
}

const recorded = JSON.parse(readFileSync(new URL("fixtures/dateutil.json", import.meta.url), "utf8")) as Recorded;

const { sandbox, read } = await openSandbox();
afterAll(() => sandbox.close(0));
const limits = { cpuMs: 60_000, wallMs: 60_000, resultBytes: 10_000_000 };

describe("dateutil answers as the library does", () => {
  const parts = Object.entries(recorded.cases).flatMap(([heading, cases]) =>
    inParts(cases).map((part, index) => [`${heading}, part ${index + 1}`, part] as const),
  );
  it.each(parts)("%s", async (_title, cases) => {
    const attempts = cases.map(([expression]) => `outcomes.append(attempt(lambda: (${expression})))`);
    const source = [recorded.prelude, "outcomes = []", ...attempts, "result['message'] = outcomes"].join("\n");
    const outcomes = (await read(source, { limits })) as string[];
    const answers = cases.map(([expression], index) => [expression, withoutWording(outcomes[index] ?? "")]);
    expect(answers).toEqual(cases.map(([expression, outcome]) => [expression, withoutWording(outcome)]));
  });
});

/** A program of a thousand lines takes seconds to be checked. */
function inParts<T>(cases: readonly T[]): T[][] {
  const count = Math.ceil(cases.length / 100);
  return Array.from({ length: count }, (_, index) => cases.slice(index * 100, (index + 1) * 100));
}

/** What the interpreter says in its own words differs between its versions, one of which made the fixture. */
function withoutWording(outcome: string): string {
  if (/^!(?:TypeError|AttributeError|ZeroDivisionError): /.test(outcome)) return outcome.replace(/:.*/s, "");
  return outcome.startsWith("!") ? outcome.replace(/, not .*/s, "").replace(/\.$/, "") : outcome;
}
