import { randomInt } from "node:crypto";

/** Without those that are taken for each other. */
const ALPHABET = "23456789acefhjkmnprtvwxyz";

/** What runs are told apart by that nobody has named, as in the original. */
export function makeRandomLabel(length = 4): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
