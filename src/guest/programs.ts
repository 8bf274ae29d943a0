import type { Program } from "../sandbox/sandbox.ts";

/**
 * The kinds of programs that people write, and what they leave:
 *
 * - `authenticator`, `webhook`: Python with a `result` dict.
 * - `command`: Python of a command. There is no `result` before; see `COMMAND` below.
 * - `modifier`: Python that sees `value` and `re`, and sets `result` to any JSON value. Reading `value`: the JSON, null
 *   for None and when `result` was not set (which is the value None, as in the original).
 * - `condition`: one Python expression without any names but builtins. Reading `value`: its truth. Blank source is
 *   refused: what a blank condition means is for whoever asks.
 * - `template`: text with `{{ }}` and `{% %}`. Reading `text`: its `.text` is what was printed.
 * - `pythonic_template`: the same around Python source; every value is printed as a Python literal.
 */
export type ProgramKind =
  | "authenticator"
  | "webhook"
  | "command"
  | "modifier"
  | "condition"
  | "template"
  | "pythonic_template";

type Contract = Omit<Program, "name" | "source">;

/**
 * How a Python command ends, from its outcome:
 *
 * - `completed`: `result["exit_code"]` and `result["message"]` are read as `jsonIfSet`, so null means "not set".
 *   - both null (`result` unset, None, empty, or without the two): status 0, response null;
 *   - `exit_code` null: status 0; `.json` is `null` (None): status -100; else the number in `.json`. A value that is
 *     no whole number (`true` is 1, `false` is 0) is an error of the code: -203;
 *   - status 0: the response is the `.text` of `message`, `None` where it is not set; else the error is that text.
 * - `raised`, `refused` and every other end: -203 with `describeFailure(outcome)` as the error. A `result` that is no
 *   dict has ended as `raised`, `ResultError`, "result is not a dict"; so has one that is no JSON, as `TypeError`.
 * - `kept["custom_values"]`, of `completed` and of `raised`: JSON text of the dict as the code left it. Absent: as it was
 *   given. Values that are no JSON: `raised`, `TypeError`, "custom_values cannot be written as JSON: …".
 */
const COMMAND: Contract = {
  language: "python",
  defaultResult: null,
  readings: { exit_code: "jsonIfSet", message: "jsonIfSet" },
  keeps: ["custom_values"],
};

const TEMPLATE: Contract = { language: "jinja", defaultResult: {}, readings: { text: "json" } };

const CONTRACTS: Record<ProgramKind, Contract> = {
  authenticator: {
    language: "python",
    defaultResult: { allowed: false },
    readings: { allowed: "truth", http_code: "json", message: "json" },
  },
  webhook: {
    language: "python",
    defaultResult: { exit_code: 0, message: null },
    readings: { exit_code: "nonzero", message: "json", response: "json" },
  },
  command: COMMAND,
  modifier: {
    language: "python",
    defaultResult: null,
    resultShape: "value",
    readings: { value: "json" },
    modules: ["re"],
  },
  condition: { language: "expression", defaultResult: null, resultShape: "value", readings: { value: "truth" } },
  template: TEMPLATE,
  pythonic_template: { ...TEMPLATE, pythonic: true },
};

/** @param name shown in tracebacks, e.g. `github_push` */
export function makeProgram(kind: ProgramKind, name: string, source: string): Program {
  return { ...CONTRACTS[kind], name: `${kind} ${name}`, source };
}
