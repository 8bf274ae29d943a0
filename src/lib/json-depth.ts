/**
 * Deepest nesting of JSON from strangers that is read; deeper text counts as unreadable. Measured:
 * 6,000 levels (40 kB) overflow the stack of Python's parser in WebAssembly, which costs the runner
 * and every call on it; and JSON.stringify of a tree that deep throws, which costs a page of the log.
 */
const MAX_JSON_DEPTH = 500;

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether JSON text nests deeper than is read. Looks at bytes only: broken JSON gets an answer too. */
export function isTooDeep(json: Uint8Array): boolean {
  // Text with so few bytes cannot: almost every body ends here.
  if (json.length <= MAX_JSON_DEPTH) return false;
  // UTF-16 or UTF-32, which Python's parser takes: there a string does not end where its bytes say.
  if (json.includes(0)) return countOpening(json) > MAX_JSON_DEPTH;
  let depth = 0;
  for (let index = 0; index < json.length; index += 1) {
    switch (json[index]) {
      case QUOTE:
        index = findEndOfString(json, index + 1);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        depth += 1;
        if (depth > MAX_JSON_DEPTH) return true;
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

function countOpening(json: Uint8Array): number {
  let count = 0;
  for (const byte of json) if (byte === OPEN_LIST || byte === OPEN_OBJECT) count += 1;
  return count;
}

/** @returns where the string's closing quote is; the end of the text when there is none */
function findEndOfString(json: Uint8Array, start: number): number {
  let index = start;
  while (index < json.length && json[index] !== QUOTE) index += json[index] === BACKSLASH ? 2 : 1;
  return index;
}
