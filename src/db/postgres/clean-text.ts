/**
 * Makes text that PostgreSQL can store: U+0000, which no text column holds, and half surrogate pairs,
 * which are no Unicode, become U+FFFD. A sender chooses what is in a header or a path, and a call must be logged
 * whatever it holds; the body is stored as bytes and stays exact. (SQLite keeps U+0000.)
 *
 * @returns any other value as it is
 */
export function cleanText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const text = value.includes("\0") ? value.replaceAll("\0", "\uFFFD") : value;
  return text.isWellFormed() ? text : text.toWellFormed();
}
