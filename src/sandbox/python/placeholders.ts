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
  const unmarked = { marked: source, nonce: "", bareNonce: "", lineBreaks: [] };
  if (source.length <= LONGEST_UNSCANNED || !source.includes(PREFIX)) return { marked: unmarked, secretReferences: [] };

  const [nonce, bareNonce] = chooseNonces(source);
  const references: string[] = [];
  const lineBreaks: [number, number][] = [];
  let marked = "";
  let line = 1;
  let position = 0;
  for (;;) {
    const start = source.indexOf(PREFIX, position);
    const end = start < 0 ? -1 : source.indexOf(TERMINATOR, start + PREFIX.length);
    if (end < 0) break;
    const before = source.slice(position, start);
    const span = source.slice(start, end + TERMINATOR.length);
    marked += before + makeMarker(nonce, findIndex(span, references), [...span].length);
    line += countLineBreaks(before);
    const inside = countLineBreaks(span);
    if (inside > 0) lineBreaks.push([line, inside]);
    position = end + TERMINATOR.length;
  }
  if (position === 0) return { marked: unmarked, secretReferences: [] };
  return {
    marked: { marked: marked + source.slice(position), nonce, bareNonce, lineBreaks },
    secretReferences: references,
  };
}

/** Digits for the reference that a span names, which is noted when it is new. */
function findIndex(span: string, references: string[]): string {
  const [prefix, type, reference, ...more] = span.slice(0, -TERMINATOR.length).replaceAll(" ", "").split(".");
  if (prefix !== PREFIX || type !== "secret" || !reference || more.length > 0) return NO_VALUE;
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
