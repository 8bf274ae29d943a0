import { randomBytes } from "node:crypto";
import type { Json } from "../../sandbox/sandbox.ts";
import { findPlaceholders } from "../../sandbox/python/placeholders.ts";

/** The secrets that a text names, without repeats. */
export function findSecretReferences(text: string): string[] {
  return [...new Set(findPlaceholders(text).flatMap(({ reference }) => (reference === null ? [] : [reference])))];
}

/**
 * Text for a shell or a file with the values of its secrets, as they are: whoever writes the text quotes
 * them as its language asks for. What has no value becomes `None`, as in the original.
 */
export function insertSecrets(text: string, values: ReadonlyMap<string, string | null>): string {
  return replacePlaceholders(
    text,
    (_placeholder, reference) => (reference !== null && values.get(reference)) || "None",
  );
}

/**
 * Keeps placeholders apart while a text is rendered with values from outside. A payload may hold the text of a
 * placeholder, or pieces that make one together: none of that may become a secret. What stood in the text before
 * is sealed under a name that nobody can guess, and only that is opened afterwards.
 */
export interface PlaceholderSeal {
  /** Texts inside lists and mappings, too. */
  seal<T extends Json>(value: T): T;
  /** Of all that was sealed. */
  readonly references: readonly string[];
  /** As it is shown: with the placeholders. */
  show(rendered: string): string;
  /** As it is run: with the values; `None` for what has none. */
  open(rendered: string, values: ReadonlyMap<string, string | null>): string;
}

export function createPlaceholderSeal(): PlaceholderSeal {
  const nonce = randomBytes(12).toString("hex");
  const sealed: { readonly placeholder: string; readonly reference: string | null }[] = [];
  // `#` makes whoever quotes for a shell put quotes around it, as around the placeholder itself.
  const tokens = new RegExp(`#${nonce}-(\\d+)#`, "g");

  function sealText(text: string): string {
    return replacePlaceholders(text, (placeholder, reference) => {
      sealed.push({ placeholder, reference });
      return `#${nonce}-${sealed.length - 1}#`;
    });
  }

  function seal(value: Json): Json {
    if (typeof value === "string") return sealText(value);
    if (Array.isArray(value)) return value.map(seal);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, seal(inner)]));
  }

  return {
    seal: <T extends Json>(value: T) => seal(value) as T,
    get references() {
      return [...new Set(sealed.flatMap(({ reference }) => reference ?? []))];
    },
    show: (rendered) => rendered.replaceAll(tokens, (_token, index) => sealed[Number(index)]?.placeholder ?? ""),
    open: (rendered, values) =>
      rendered.replaceAll(tokens, (_token, index) => {
        const reference = sealed[Number(index)]?.reference ?? null;
        return (reference !== null && values.get(reference)) || "None";
      }),
  };
}

function replacePlaceholders(text: string, replace: (placeholder: string, reference: string | null) => string): string {
  let result = "";
  let position = 0;
  for (const { start, end, reference } of findPlaceholders(text)) {
    result += text.slice(position, start) + replace(text.slice(start, end), reference);
    position = end;
  }
  return result + text.slice(position);
}
