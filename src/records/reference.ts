import type { Model } from "./model.ts";

/**
 * A reference from what was given or from a name, as in the original: text that fits the model's
 * pattern is kept as it is; else it is trimmed, its spaces become `_`, it is lower-cased, and the
 * characters that do not fit are dropped. What leaves nothing gives the model's own name.
 */
export function makeReference(text: string, model: Model): string {
  if (model.referencePattern.test(text)) return text;
  const cleaned = text.trim().replace(/\s+/g, "_").toLowerCase();
  const kept = [...cleaned].filter((character) => model.referencePattern.test(character)).join("");
  return kept === "" ? model.name : kept;
}

/** `deploy`, `deploy_2`, `deploy_3` …: the first that is free. */
export async function findFreeReference(
  base: string,
  isTaken: (reference: string) => Promise<boolean>,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? base : `${base}_${number}`;
    if (!(await isTaken(candidate))) return candidate;
  }
}

/** `Deploy (copy)`, then `Deploy (copy 2)` … */
export function makeCopyName(name: string, attempt: number): string {
  return attempt === 1 ? `${name} (copy)` : `${name} (copy ${attempt})`;
}
