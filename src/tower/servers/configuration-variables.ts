import { invalid } from "../../lib/errors.ts";
import type { RecordValues } from "../../records/model.ts";

/** A value that a template has for a variable. */
export interface TemplateValue {
  /** Reference. */
  readonly variable: string;
  readonly required: boolean;
  /** Fields of the value's record. */
  readonly fields: RecordValues;
}

export interface ConfigurationVariables {
  readonly configurationVariables?: Readonly<Record<string, string | null>>;
  readonly pickAllTemplateVariables?: boolean;
}

/** A value that the new server gets. */
export type ServerValue = Pick<TemplateValue, "variable" | "fields">;

/**
 * The values of a new server: those of its template, and over them those that were given. What the template
 * requires must be given, as in the original: its own value is only an example. Who explicitly wants all of the
 * template's values and gives none takes those, too.
 *
 * @throws HooktowerError `invalid`
 */
export function chooseVariableValues(
  template: readonly TemplateValue[],
  { configurationVariables: given = {}, pickAllTemplateVariables: pickAll }: ConfigurationVariables,
): ServerValue[] {
  const takesExamples = pickAll === true && Object.keys(given).length === 0;
  if (!takesExamples) assertComplete(template, given);
  const copied = template
    .filter(({ variable }) => pickAll !== false || Object.hasOwn(given, variable))
    .map(({ variable, fields }) => ({
      variable,
      fields: Object.hasOwn(given, variable) ? { ...fields, value_char: given[variable] ?? null } : fields,
    }));
  const known = new Set(template.map(({ variable }) => variable));
  const added = Object.entries(given)
    .filter(([variable]) => !known.has(variable))
    .map(([variable, value]) => ({ variable, fields: { value_char: value } }));
  return [...copied, ...added];
}

function assertComplete(template: readonly TemplateValue[], given: Readonly<Record<string, string | null>>): void {
  const required = template.filter((value) => value.required).map(({ variable }) => variable);
  const missing = required.filter((variable) => !Object.hasOwn(given, variable));
  const empty = required.filter((variable) => Object.hasOwn(given, variable) && !given[variable]);
  const lines = [
    ...(missing.length > 0 ? [`Missing variables: ${missing.join(", ")}`] : []),
    ...(empty.length > 0 ? [`Empty values for variables: ${empty.join(", ")}`] : []),
  ];
  if (lines.length === 0) return;
  const message = `Please resolve the following issues with configuration variables:\n${lines.join("\n")}`;
  throw invalid([{ path: "configuration_variables", message }]);
}
