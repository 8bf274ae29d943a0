import { z } from "zod";
import type { Actor, Group } from "./access.ts";

/**
 * A field's value outside the database: REST, YAML, forms. A relation is the other record's reference, a
 * list of them where there are many, and on the way in also a mapping where the record is nested.
 */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | readonly FieldValue[]
  | { readonly [key: string]: FieldValue };

interface FieldOptions {
  readonly label: string;
  readonly help?: string;
  /** Neither missing at creation (unless there is a default) nor emptied later. */
  readonly required?: boolean;
  /** Value at creation when none is given. */
  readonly default?: FieldValue | ((actor: Actor) => FieldValue);
  /** Key in the YAML of the original; a field that is not in the format stays out of files. */
  readonly yaml?: boolean;
  /** False: a copy starts without it. A function makes the copy's value from the original's. */
  readonly copy?: boolean | ((value: FieldValue, attempt: number) => FieldValue);
  /** Takes part in `?search=`. */
  readonly search?: boolean;
  /** The lowest group that sees and writes it; absent: whoever may read the record. */
  readonly group?: Group;
  /** Written by the tower alone; a text says so in its own words. */
  readonly readonly?: boolean | string;
}

/** The kind of program that source is checked as when it is saved; or how the other values of the record decide. */
export type ProgramChoice = string | ((values: { readonly [field: string]: FieldValue }) => string);

/** What becomes of a record when the one that it points at is deleted. */
export type OnDelete = "restrict" | "cascade" | "empty";

/**
 * One field of a model: how a given value is checked (`schema`, never null or undefined),
 * and how it is stored. `kind` decides the widget of a form.
 */
export type Field = FieldOptions & { readonly schema: z.ZodType<FieldValue> } & (
    | { readonly kind: "text"; readonly program?: ProgramChoice }
    | { readonly kind: "longText" }
    | { readonly kind: "code"; readonly program: ProgramChoice }
    | { readonly kind: "flag" }
    | { readonly kind: "integer" }
    /** Milliseconds since 1970 in the database, ISO 8601 in UTC outside. */
    | { readonly kind: "datetime" }
    /** Any JSON value. */
    | { readonly kind: "json" }
    /** `stored`: what stands in the database for a key, where that is not the key itself. */
    | {
        readonly kind: "selection";
        readonly options: Readonly<Record<string, string>>;
        readonly stored?: Readonly<Record<string, string>>;
      }
    | { readonly kind: "many2one"; readonly relation: string; readonly onDelete: OnDelete }
    /** The records of `relation` whose many2one `inverse` points at this one. */
    | { readonly kind: "one2many"; readonly relation: string; readonly inverse: string }
    /** Pairs in a table of their own. */
    | { readonly kind: "many2many"; readonly relation: string; readonly link: LinkTable }
    /** Encrypted at rest, never read back. */
    | { readonly kind: "secret" }
    /** Hashed at rest, never read back. */
    | { readonly kind: "password" }
  );

/** The pairs of a many2many: `own` is the column with the id of the record that has the field. */
export interface LinkTable {
  readonly table: string;
  readonly own: string;
  readonly other: string;
}

const MAX_LINE_LENGTH = 512;
const MAX_LIST_LENGTH = 10_000;
/** Characters of a `longText` or `code`. */
export const MAX_TEXT_LENGTH = 262_144;

/** One line of text; with `program`, of source code. */
export function text(options: FieldOptions & { pattern?: RegExp; message?: string; program?: ProgramChoice }): Field {
  let schema = z.string("must be text").max(MAX_LINE_LENGTH, `must have at most ${MAX_LINE_LENGTH} characters`);
  schema = schema.regex(/^[^\u0000-\u001f\u007f]*$/, "must be one line, without control characters");
  if (options.required) schema = schema.regex(/\S/, "must not be empty");
  if (options.pattern) schema = schema.regex(options.pattern, options.message);
  return { kind: "text", schema, yaml: true, search: true, ...withoutChecks(options) };
}

/** Many lines of text. */
export function longText(options: FieldOptions): Field {
  return { kind: "longText", schema: longTextSchema(), yaml: true, ...options };
}

/** Source code. */
export function code(options: FieldOptions & { program: ProgramChoice }): Field {
  return { kind: "code", schema: longTextSchema(), yaml: true, ...options };
}

export function flag(options: FieldOptions): Field {
  return { kind: "flag", schema: z.boolean("must be true or false"), yaml: true, ...options };
}

export function integer(options: FieldOptions & { minimum: number; maximum: number }): Field {
  const { minimum, maximum, ...rest } = options;
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return { kind: "integer", schema: z.int(message).min(minimum, message).max(maximum, message), yaml: true, ...rest };
}

/** One of a closed list: key → label. */
export function selection(options: FieldOptions & { options: Readonly<Record<string, string>> }): Field {
  const keys = Object.keys(options.options);
  const schema = z.enum(keys as [string, ...string[]], `must be one of ${keys.join(", ")}`);
  return { kind: "selection", schema, yaml: true, ...options };
}

/** Access levels as files have them, and as Cetmix Tower stores and compares them. */
const ACCESS_LEVELS = { user: "1", manager: "2", root: "3" } as const;

/** The lowest group that has to do with the record. */
export function accessLevel(options: Partial<FieldOptions> = {}): Field {
  const keys = Object.keys(ACCESS_LEVELS);
  const numbers = new Map<unknown, string>(Object.entries(ACCESS_LEVELS).map(([key, stored]) => [stored, key]));
  const schema = z.preprocess(
    (given) => numbers.get(given) ?? given,
    z.enum(keys as [string, ...string[]], `must be one of ${keys.join(", ")}`),
  ) as unknown as z.ZodType<FieldValue>;
  return {
    kind: "selection",
    label: "Access level",
    options: { user: "User", manager: "Manager", root: "Root" },
    stored: ACCESS_LEVELS,
    schema,
    yaml: true,
    required: true,
    default: "manager",
    ...options,
  };
}

export function datetime(options: FieldOptions): Field {
  const schema = z.iso.datetime({ offset: true, error: "must be a time like 2026-01-31T12:00:00Z" });
  return { kind: "datetime", schema, yaml: true, ...options };
}

export function json(options: FieldOptions): Field {
  return { kind: "json", schema: z.unknown() as z.ZodType<FieldValue>, yaml: false, ...options };
}

/** A link to one record of another model, given by its reference. */
export function many2one(
  relation: string,
  { onDelete = "restrict", ...options }: FieldOptions & { onDelete?: OnDelete },
): Field {
  return { kind: "many2one", relation, onDelete, schema: referenceSchema(), yaml: true, ...options };
}

/** Records that belong to this one: given as mappings, or as references of records that are its own already. */
export function one2many(relation: string, inverse: string, options: FieldOptions): Field {
  const item = z.union([referenceSchema(), z.record(z.string(), z.unknown())], "must be a reference or a mapping");
  const schema = z.array(item, "must be a list").max(MAX_LIST_LENGTH) as unknown as z.ZodType<FieldValue>;
  return { kind: "one2many", relation, inverse, schema, yaml: true, copy: false, ...options };
}

/** @param link `[table, own column, other column]` */
export function many2many(
  relation: string,
  [table, own, other]: readonly [string, string, string],
  options: FieldOptions,
): Field {
  const schema = z.array(referenceSchema(), "must be a list of references").max(MAX_LIST_LENGTH);
  return { kind: "many2many", relation, link: { table, own, other }, schema, yaml: true, ...options };
}

export function secret(options: FieldOptions): Field {
  return { kind: "secret", schema: longTextSchema(), yaml: false, copy: false, ...options };
}

export function password(options: FieldOptions): Field {
  const schema = z
    .string("must be text")
    .min(8, "must have at least 8 characters")
    .max(256, "must have at most 256 characters");
  return { kind: "password", schema, yaml: false, copy: false, ...options };
}

/** The text of a value that is one; empty where there is none. Throws TypeError for lists and mappings. */
export function textOf(value: FieldValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") throw new TypeError("a list or a mapping is no text");
  return String(value);
}

/** Whether the value can be read back at all. */
export function isReadable(field: Field): boolean {
  return field.kind !== "secret" && field.kind !== "password";
}

/** Whether the field is a column of its model's table. */
export function isColumn(field: Field): boolean {
  return field.kind !== "one2many" && field.kind !== "many2many";
}

/** What stands in the database for a value of a selection. */
export function storedSelection(field: Field & { kind: "selection" }, value: string): string {
  return field.stored?.[value] ?? value;
}

/** The key of a selection that a stored value stands for. */
export function selectionKey(field: Field & { kind: "selection" }, stored: string): string {
  const found = Object.entries(field.stored ?? {}).find(([, value]) => value === stored);
  return found?.[0] ?? stored;
}

function referenceSchema() {
  return z.string("must be the reference of a record").min(1, "must not be empty").max(MAX_LINE_LENGTH);
}

function longTextSchema() {
  return z
    .string("must be text")
    .max(MAX_TEXT_LENGTH, `must have at most ${MAX_TEXT_LENGTH} characters`)
    .refine((given) => !given.includes("\0"), "must not contain the character U+0000");
}

function withoutChecks<T extends { pattern?: RegExp; message?: string }>(options: T): Omit<T, "pattern" | "message"> {
  const { pattern: _pattern, message: _message, ...rest } = options;
  return rest;
}
