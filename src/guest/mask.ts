import { escapeNonAscii } from "../lib/ascii-json.ts";

/** ES2026 functions that the compiler's library does not know yet. */
const exactJson = JSON as typeof JSON & { rawJSON(text: string): unknown; isRawJSON(value: unknown): boolean };

/** How a secret looks wherever it must not be seen. */
export const MASK = "*****";

/** Replaces secret values in text. */
export type Masker = (text: string) => string;

/** Masks nothing. */
const unmasked: Masker = (text) => text;

/**
 * A masker for these values; the longest first, so that a value inside another leaves no rest.
 * Empty values are ignored.
 */
export function createMasker(values: Iterable<string>): Masker {
  const forms = [...values].filter((value) => value !== "").flatMap(writtenForms);
  const ordered = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  if (ordered.length === 0) return unmasked;
  return (text) => {
    let masked = text;
    for (const value of ordered) if (masked.includes(value)) masked = masked.replaceAll(value, MASK);
    return masked;
  };
}

/**
 * A value as it stands in text that shows it as a literal: Python's `repr` (of a KeyError's text,
 * of a list) and JSON. Values of letters and digits look the same in all of them.
 */
function writtenForms(value: string): string[] {
  if (/^[\w./+=:-]*$/.test(value)) return [value];
  const json = JSON.stringify(value).slice(1, -1);
  const repr = value
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replace(/[\u0000-\u001f\u007f-\u00a0\u00ad]/g, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return [value, json, escapeNonAscii(json), repr, repr.replaceAll("'", "\\'")];
}

/**
 * Masks the strings inside JSON text (keys too) and leaves everything else to the letter:
 * numbers keep their digits, since the text was written by another language.
 */
export function maskJson(json: string, mask: Masker): string {
  if (mask === unmasked) return json;
  // Almost always nothing is to be masked, and the text can stay as it came.
  let changed = false;
  const masked = JSON.parse(
    json,
    function (this: unknown, _key: string, value: unknown, context?: { source?: string }) {
      if (typeof value === "number" && context?.source !== undefined) return exactJson.rawJSON(context.source);
      if (typeof value === "string") {
        const text = mask(value);
        changed ||= text !== value;
        return text;
      }
      if (isPlainObject(value)) {
        const entries = Object.entries(value).map(([key, inner]) => [mask(key), inner] as const);
        changed ||= entries.some(([key]) => !(key in value));
        return Object.fromEntries(entries);
      }
      return value;
    },
  );
  return changed ? escapeNonAscii(JSON.stringify(masked)) : json;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !exactJson.isRawJSON(value);
}
