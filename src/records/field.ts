import { z } from "zod";
import type { Actor } from "./access.ts";

/** A field's value outside the database: REST, YAML, forms. A relation is the other record's reference. */
export type FieldValue = string | number | boolean | null;

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
}

/**
 * One field of a model: how a given value is checked (`schema`, never null or undefined),
 * and how it is stored. `kind` decides the widget of a form.
 */
export type Field = FieldOptions & { readonly schema: z.ZodType<FieldValue> } & (
    | { readonly kind: "text" | "longText" }
    | { readonly kind: "code"; readonly program: string }
    | { readonly kind: "flag" }
    | { readonly kind: "integer" }
    | { readonly kind: "selection"; readonly options: Readonly<Record<string, string>> }
    | { readonly kind: "many2one"; readonly relation: string }
    /** Encrypted at rest, never read back. */
    | { readonly kind: "secret" }
    /** Hashed at rest, never read back. */
    | { readonly kind: "password" }
  );

const MAX_LINE_LENGTH = 512;
const MAX_TEXT_LENGTH = 262_144;

/** One line of text. */
export function text(options: FieldOptions & { pattern?: RegExp; message?: string }): Field {
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

/** Source code; `program` names the kind of program it is compiled as when it is saved. */
export function code(options: FieldOptions & { program: string }): Field {
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

/** A link to one record of another model, given by its reference. */
export function many2one(relation: string, options: FieldOptions): Field {
  const schema = z.string("must be the reference of a record").min(1, "must not be empty").max(MAX_LINE_LENGTH);
  return { kind: "many2one", relation, schema, yaml: true, ...options };
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

/** Whether the value can be read back at all. */
export function isReadable(field: Field): boolean {
  return field.kind !== "secret" && field.kind !== "password";
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
