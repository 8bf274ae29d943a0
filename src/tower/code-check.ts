import { describeProblem } from "../guest/outcome-text.ts";
import { makeProgram, type ProgramKind } from "../guest/programs.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { findTemplateNames } from "./variables/template-names.ts";

/** What is checked before it is saved, by the names that fields have for it. */
const CHOICES: { readonly [program: string]: (source: string) => ProgramKind | null } = {
  authenticator: () => "authenticator",
  webhook: () => "webhook",
  modifier: () => "modifier",
  // Shell, or any file: braces may be those of another language (`docker ps --format '{{.Names}}'`), which are left
  // alone when it is used, since no variable is named in them. So nothing can be refused.
  text: () => null,
  // What names something may be Python only when it is rendered.
  python_command: (source) => (findTemplateNames(source).size > 0 ? null : "command"),
  line_condition(source) {
    if (source.trim() === "") return null;
    return findTemplateNames(source).size > 0 ? "pythonic_template" : "condition";
  },
};

/**
 * Compiles source before it is saved.
 *
 * @returns a function of the field's `program` and the source: what is wrong with it, for people; null when it compiles
 *   and keeps the rules. It throws HooktowerError `unavailable` when no runner could look at it
 */
export function createCodeCheck(sandbox: () => Sandbox): (program: string, source: string) => Promise<string | null> {
  return async (program, source) => {
    const choose = CHOICES[program];
    if (choose === undefined) throw new Error(`unknown kind of program ${program}`);
    const kind = choose(source);
    if (kind === null) return null;
    const sandboxed = sandbox();
    const prepared = sandboxed.prepare(makeProgram(kind, "code", source));
    const problem = await sandboxed.check(prepared).catch((cause: unknown) => {
      throw new HooktowerError("unavailable", "The code could not be checked, try again", {
        cause,
        retryAfterSeconds: 2,
      });
    });
    return problem && describeProblem(problem);
  };
}
