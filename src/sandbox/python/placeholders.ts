/**
 * Finds the placeholders of secrets in Python source and puts a marker of the same length in the
 * place of each. What a marker then means (a value, a part of a literal, nothing in a comment) is
 * decided inside, on tokens and on the syntax tree: see `guest/placeholders.py`.
 *
 * The rules of the original: a placeholder runs from `#!cxtower` to the next `!#`, whatever lies
 * between; spaces inside do not count; it has three parts with dots between, the second is the type.
 * What is no secret with three parts has no value and is None.
 */

import type { MarkedSource } from "../sandbox.ts";

const PREFIX = "#!cxtower";
const TERMINATOR = "!#";
/** Shorter source than this is not scanned; the shortest placeholder that names one is longer. */
const LONGEST_UNSCANNED = 14;

/** A marker that has no value: three digits of base 36 that no reference gets. */
const NO_VALUE = "zzz";
const NONCE_DIGITS = 4;
const MOST_REFERENCES = 36 ** 3 - 1;

export interface FoundPlaceholders {
  readonly marked: MarkedSource;
  readonly secretReferences: readonly string[];
}

export function markPlaceholders(source: string): FoundPlaceholders {
  if (source.length <= LONGEST_UNSCANNED || !source.includes(PREFIX))
    return { marked: leaveUnmarked(source), secretReferences: [] };

  const spans = findPlaceholders(source);
  const last = spans.at(-1);
  if (!last) return { marked: leaveUnmarked(source), secretReferences: [] };
  const [nonce, bareNonce] = chooseNonces(source);
  const references: string[] = [];
  const lineBreaks: [number, number][] = [];
  let marked = "";
  let line = 1;
  let position = 0;
  for (const { start, end, reference } of spans) {
    const before = source.slice(position, start);
    const span = source.slice(start, end);
    marked += before + makeMarker(nonce, findIndex(reference, references), [...span].length);
    line += countLineBreaks(before);
    const inside = countLineBreaks(span);
    if (inside > 0) lineBreaks.push([line, inside]);
    position = end;
  }
  return {
    marked: { marked: marked + source.slice(last.end), nonce, bareNonce, lineBreaks },
    secretReferences: references,
  };
}

/** Source without placeholders. */
export function leaveUnmarked(source: string): MarkedSource {
  return { marked: source, nonce: "", bareNonce: "", lineBreaks: [] };
}

/** Where a placeholder stands in text, and which secret it names; null for one that names none. */
export interface Placeholder {
  readonly start: number;
  readonly end: number;
  readonly reference: string | null;
}

/** The placeholders of a text of any kind, from its beginning on. */
export function findPlaceholders(text: string): Placeholder[] {
  const found: Placeholder[] = [];
  for (let position = 0; ;) {
    const start = text.indexOf(PREFIX, position);
    const terminator = start < 0 ? -1 : text.indexOf(TERMINATOR, start + PREFIX.length);
    if (terminator < 0) return found;
    position = terminator + TERMINATOR.length;
    found.push({ start, end: position, reference: readReference(text.slice(start, terminator)) });
  }
}

function readReference(span: string): string | null {
  const [prefix, type, reference, ...more] = span.replaceAll(" ", "").split(".");
  return prefix === PREFIX && type === "secret" && reference && more.length === 0 ? reference : null;
}

/** Digits for a reference, which is noted when it is new. */
function findIndex(reference: string | null, references: string[]): string {
  if (reference === null) return NO_VALUE;
  let index = references.indexOf(reference);
  if (index < 0) {
    if (references.length >= MOST_REFERENCES) return NO_VALUE;
    index = references.push(reference) - 1;
  }
  return index.toString(36).padStart(3, "0");
}

/** A marker is an identifier. `Z` starts no escape sequence, should a backslash come before it. */
function makeMarker(nonce: string, index: string, length: number): string {
  return `Z${nonce}${index}`.padEnd(length - 1, "_") + "Z";
}

/** Two texts that the source does not contain, so that nothing in it is taken for a marker. */
function chooseNonces(source: string): [string, string] {
  const nonces: string[] = [];
  for (let number = 0; nonces.length < 2; number += 1) {
    const nonce = `Q${number.toString(36).padStart(NONCE_DIGITS - 1, "0")}`;
    if (nonce.length > NONCE_DIGITS) throw new RangeError("the source contains every marker there is");
    if (!source.includes(nonce)) nonces.push(nonce);
  }
  return nonces as [string, string];
}

function countLineBreaks(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}
