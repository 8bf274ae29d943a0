import { createMasker, type Masker } from "./mask.ts";

/** Masks text that comes in pieces. */
export interface StreamMasker {
  /** @returns what can be shown by now: the end is held back, as it may be the beginning of a secret */
  push(text: string): string;
  /** The rest. */
  end(): string;
}

/** @param values secrets; a secret that is cut in two by the pieces is found all the same */
export function createStreamMasker(values: readonly string[]): StreamMasker {
  const mask: Masker = createMasker(values);
  // A secret can also stand there as a literal, which is longer.
  const longest = Math.max(0, ...values.map((value) => value.length * 6));
  let held = "";
  return {
    push(text) {
      held = mask(held + text);
      const shown = held.slice(0, Math.max(0, held.length - longest));
      held = held.slice(shown.length);
      return shown;
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}
