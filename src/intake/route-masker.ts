import { createMasker, type Masker } from "../guest/mask.ts";
import type { Code, Route } from "../webhooks/route.ts";

/** Building one costs 3 µs, as much as the rest of a call's logging: it lives as long as its route. */
const maskers = new WeakMap<Route, Masker>();

/**
 * Hides the secrets of authenticator and webhook alike: code may echo the key that the caller was
 * let in with. One masker for all, since a value may stand inside another.
 */
export function getRouteMasker(route: Route): Masker {
  const present = maskers.get(route);
  if (present) return present;
  const made = createMasker(secretValues(route));
  maskers.set(route, made);
  return made;
}

/** The same where other code than the stored one runs. */
export function createRunMasker(route: Route, code: Code): Masker {
  return code === route.code ? getRouteMasker(route) : createMasker([...secretValues(route), ...valuesOf(code)]);
}

/** The values of all secrets that a call may have met. */
export function secretValues(route: Route): string[] {
  return [...valuesOf(route.authenticator.code), ...valuesOf(route.code)];
}

function valuesOf(code: Code): string[] {
  return [...code.secrets.values()].flatMap((value) => value ?? []);
}
