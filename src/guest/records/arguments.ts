import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import type { MethodCall } from "./record-calls.ts";

type Given = Pick<MethodCall, "args" | "kwargs">;

/** Arguments by position or by name, as Python takes them. @throws GuestError for one that there is not */
export function readArguments(call: Given, names: readonly string[]): ReadonlyArray<Json | undefined> {
  const { given, rest } = readOpenArguments(call, names);
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new GuestError("TypeError", `unexpected argument ${unknown}: there are ${names.join(", ")}`);
  return given;
}

/** @throws GuestError for what is no text */
export function toText(value: Json | undefined): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new GuestError("TypeError", "a text is needed here");
}

/** @throws GuestError when it is not one record */
export function onlyOne(ids: readonly number[], model = "cx.tower.server"): number {
  const [id] = ids;
  if (id === undefined || ids.length !== 1)
    throw new GuestError("ValueError", `Expected singleton: ${model}(${ids.join(", ")})`);
  return id;
}

/**
 * Arguments by position or by name, and what else came by name.
 *
 * @throws GuestError for too many, or one that came twice
 */
export function readOpenArguments(
  { args, kwargs }: Given,
  names: readonly string[],
): { readonly given: ReadonlyArray<Json | undefined>; readonly rest: { readonly [name: string]: Json } } {
  if (args.length > names.length)
    throw new GuestError("TypeError", `too many arguments: there are ${names.join(", ")}`);
  const twice = names.find((name, index) => index < args.length && Object.hasOwn(kwargs, name));
  if (twice !== undefined) throw new GuestError("TypeError", `got multiple values for argument ${twice}`);
  return {
    given: names.map((name, index) => args[index] ?? kwargs[name]),
    rest: Object.fromEntries(Object.entries(kwargs).filter(([name]) => !names.includes(name))),
  };
}

/** A mapping; what is left out is an empty one. @throws GuestError for anything else */
export function toMapping(value: Json | undefined, name: string): { readonly [key: string]: Json } {
  if (value === undefined || value === null || value === false) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new GuestError("TypeError", `${name} must be a dict`);
  return value;
}

/** The ids of a record set of this model. @throws GuestError for anything else */
export function toRecordIds(value: Json | undefined, model: string, name: string): readonly number[] {
  const records = typeof value === "object" && value !== null && !Array.isArray(value) ? value["$records"] : undefined;
  const [found, ids] = Array.isArray(records) ? records : [];
  if (found !== model || !Array.isArray(ids)) throw new GuestError("TypeError", `${name} must be a record of ${model}`);
  return ids.map(Number);
}

/** A record set as an answer. */
export function recordSet(model: string, ids: readonly number[]): Json {
  return { $records: [model, [...ids]] };
}

/** Bytes, or text as UTF-8. @throws GuestError for anything else */
export function toBytes(value: Json | undefined, name: string): Buffer {
  if (typeof value === "string") return Buffer.from(value);
  const encoded = typeof value === "object" && value !== null && !Array.isArray(value) ? value["$bytes"] : undefined;
  if (typeof encoded !== "string") throw new GuestError("TypeError", `${name} must be bytes or text`);
  return Buffer.from(encoded, "base64");
}

export function bytes(data: Buffer): Json {
  return { $bytes: data.toString("base64") };
}

/** @throws GuestError for authenticators: they look, and leave everything as it is */
export function assertActs({ unit }: Pick<MethodCall, "unit">): void {
  if (unit.readOnly)
    throw new GuestError("AccessError", "An authenticator may read records, not change them or run anything");
}
