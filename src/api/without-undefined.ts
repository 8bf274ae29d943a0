/** An object type whose optional keys are absent or have a value, never `undefined`. */
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops keys that are undefined, as interfaces under `exactOptionalPropertyTypes` want it. */
export function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
