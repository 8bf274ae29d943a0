/** Where something that is no text begins. */
const OPENING = /\{[{%#]/g;
const RAW = /[-+]?\s*raw\s*-?%\}/y;
const END_OF_RAW = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
const TAG = /[-+]?\s*[\p{L}_][\p{L}\p{N}_]*/uy;
/** Space, number, name, string or operator. What is none of them stands in no template. */
const TOKEN =
  /\s+|[0-9][0-9_.]*|(?<name>[\p{L}_][\p{L}\p{N}_]*)|'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|[-+/*%~[\](){}<>=!.:|,;]/uy;

/** Words that are no names in templates. */
const WORDS = new Set(
  "and or not in is if elif else for recursive true false none True False None loop self varargs kwargs caller".split(
    " ",
  ),
);

/**
 * Names of variables that a template may use: those in `{{ }}` and `{% %}` that stand neither after a dot nor after
 * a bar. It may give some that are none (names of tests and of what the template itself sets), never too few. A text
 * that is no sound template gives what stands before its fault: `docker ps --format '{{.Names}}'` gives nothing.
 *
 * Takes time in proportion to the text.
 */
export function findTemplateNames(source: string): ReadonlySet<string> {
  const names = new Set<string>();
  let offset: number | null = 0;
  while (offset !== null) {
    OPENING.lastIndex = offset;
    const opening = OPENING.exec(source);
    if (opening === null) break;
    offset = readPart(source, opening[0], OPENING.lastIndex, names);
  }
  return names;
}

/** @returns where the part ends; null: nowhere */
function readPart(source: string, opening: string, start: number, names: Set<string>): number | null {
  if (opening === "{#") return endOf(source.indexOf("#}", start), 2);
  if (opening === "{{") return readInside(source, start, "}}", names);
  RAW.lastIndex = start;
  if (RAW.test(source)) {
    END_OF_RAW.lastIndex = RAW.lastIndex;
    return END_OF_RAW.test(source) ? END_OF_RAW.lastIndex : null;
  }
  // The first word is the tag's own.
  TAG.lastIndex = start;
  return readInside(source, TAG.test(source) ? TAG.lastIndex : start, "%}", names);
}

function endOf(index: number, length: number): number | null {
  return index < 0 ? null : index + length;
}

/** Inside brackets a delimiter ends nothing: `{{ {"a": {}} }}`. */
function readInside(source: string, start: number, closing: string, names: Set<string>): number | null {
  let depth = 0;
  let before = "";
  let offset = start;
  for (;;) {
    if (depth === 0 && source.startsWith(closing, offset)) return offset + closing.length;
    TOKEN.lastIndex = offset;
    const token = TOKEN.exec(source);
    if (token === null) return null;
    offset = TOKEN.lastIndex;
    const text = token[0];
    const name = token.groups?.["name"];
    if (name !== undefined && before !== "." && before !== "|" && !WORDS.has(name)) names.add(name);
    if (text === "(" || text === "[" || text === "{") depth += 1;
    if (text === ")" || text === "]" || text === "}") depth = Math.max(0, depth - 1);
    if (text.trim() !== "") before = text;
  }
}
