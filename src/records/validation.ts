import { z } from "zod";
import type { FieldError } from "../lib/errors.ts";
import { isColumn, isReadable } from "./field.ts";
import { findField, type Model, type RecordValues } from "./model.ts";

/**
 * Checks given values field by field, without looking at other records.
 *
 * @returns the values with absent text as null, and every problem found
 */
export function validateValues(
  model: Model,
  given: RecordValues,
  mode: "create" | "update",
): { values: RecordValues; errors: FieldError[] } {
  const values: RecordValues = {};
  const errors: FieldError[] = [];
  for (const [name, value] of Object.entries(given)) {
    const field = findField(model, name);
    if (name === model.referenceField && !field) {
      if (value === null || typeof value === "string") values[name] = value;
      else errors.push({ path: name, message: "must be text" });
    } else if (!field) {
      errors.push({ path: name, message: `${model.label} has no field ${name}` });
    } else if (field.readonly) {
      const message = typeof field.readonly === "string" ? field.readonly : "is written by the tower alone";
      errors.push({ path: name, message });
    } else if (value === null || (value === "" && field.kind !== "password")) {
      if (field.required) errors.push({ path: name, message: "must not be empty" });
      else values[name] = isColumn(field) ? null : [];
    } else {
      const parsed = field.schema.safeParse(value);
      if (parsed.success) values[name] = parsed.data;
      else errors.push({ path: name, message: parsed.error.issues[0]?.message ?? "is not valid" });
    }
  }
  if (mode === "create") errors.push(...findMissing(model, given));
  return { values, errors };
}

function findMissing(model: Model, given: RecordValues): FieldError[] {
  return Object.entries(model.fields)
    .filter(([name, field]) => field.required && field.default === undefined && !(name in given))
    .map(([path]) => ({ path, message: "is required" }));
}

/** Zod schema of a body for the model, for the OpenAPI document. */
export function bodySchema(model: Model, mode: "create" | "update"): z.ZodType {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(model.fields)) {
    if (field.readonly) continue;
    const described = (field.required ? field.schema : field.schema.nullable()).meta({
      title: field.label,
      ...(field.help && { description: field.help }),
      ...(!isReadable(field) && { writeOnly: true }),
    });
    const optional = mode === "update" || !field.required || field.default !== undefined;
    shape[name] = optional ? described.optional() : described;
  }
  if (model.referenceField === "reference") shape["reference"] = referenceSchema.nullable().optional();
  return z.strictObject(shape);
}

const referenceSchema = z.string().meta({
  title: "Reference",
  description: "Addresses the record. Absent or empty: made from the name.",
});
