import { SshError } from "./errors.ts";

/**
 * One word for a POSIX shell, whatever characters the text has: nothing in it is expanded or run.
 * Backslashes stand outside of the quotes, for fish reads them inside.
 *
 * @throws SshError `invalid` for text with U+0000, which no argument can hold
 */
export function quoteForShell(text: string): string {
  if (text.includes("\0")) throw new SshError("invalid", "Text for a shell cannot have a NUL character in it");
  if (/^[\w%+,./:=@-]+$/.test(text)) return text;
  return `'${text.replaceAll(/['\\]/g, "'\\$&'")}'`;
}
