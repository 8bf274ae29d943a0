/** What stands for a value in Python source; null: no value. */
export type VariableValue = string | null;

/** Strings and comments, which are left alone, or a reference between two pairs of braces. */
const PARTS =
  /("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|#[^\n]*)|\{\{[ \t]*([A-Za-z_]\w*)[ \t]*\}\}/g;

/**
 * Python source with `{{ reference }}` of each known variable replaced by its value as a literal: text in
 * quotes, whatever characters it has, `None` without a value, `False` for an empty one, as the original
 * renders the code of commands. Other braces, and all in strings, stay: they are Python's own.
 */
export function replaceReferences(source: string, values: ReadonlyMap<string, VariableValue>): string {
  return source.replace(PARTS, (whole: string, other: string | undefined, reference: string | undefined) => {
    if (other !== undefined || reference === undefined) return whole;
    const value = values.get(reference);
    return value === undefined ? whole : toLiteral(value);
  });
}

/** JSON's strings are Python's, but for what is no text at all: half a pair of surrogates. */
function toLiteral(value: VariableValue): string {
  if (value === null) return "None";
  return value === "" ? "False" : JSON.stringify(value.toWellFormed()).replaceAll("\u007f", "\\u007f");
}
