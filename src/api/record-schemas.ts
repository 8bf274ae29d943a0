import { z } from "zod";
import { isReadable, type Field } from "../records/field.ts";
import type { Model } from "../records/model.ts";
import { bodySchema } from "../records/validation.ts";
import { pageQuery, pageSchema, queryFlag, queryInteger, queryText } from "./openapi-parts.ts";
import { EXAMPLES } from "./record-examples.ts";

/** The Zod schemas of one model's REST resource. */
export interface RecordSchemas {
  /** Names the model in OpenAPI, e.g. `WebhookAuthenticator`. */
  readonly name: string;
  /** The same in the plural. */
  readonly pluralName: string;
  readonly view: z.ZodType;
  readonly page: z.ZodType;
  readonly create: z.ZodType;
  readonly update: z.ZodType;
  readonly query: z.ZodType<RecordQuery>;
}

/** A parsed query of a list: what pages, and the rest, which are filters. */
export type RecordQuery = {
  limit?: number | undefined;
  cursor?: string | undefined;
  search?: string | undefined;
} & { [field: string]: string | number | boolean | undefined };

/** Zod keeps named schemas in one registry per process, so each model has its schemas made once. */
const made = new WeakMap<Model, RecordSchemas>();

/** @returns the same schemas for the same model */
export function recordSchemas(model: Model): RecordSchemas {
  const known = made.get(model);
  if (known) return known;
  const name = pascalCase(model.name);
  const view = viewSchema(model).meta({ id: name, title: model.label, description: model.help });
  const examples = EXAMPLES[model.name];
  const schemas: RecordSchemas = {
    name,
    pluralName: pascalCase(model.table),
    view,
    page: pageSchema(view).meta({ id: `${name}Page`, title: `Page of ${model.labelPlural}` }),
    create: bodySchema(model, "create").meta({
      id: `${name}Create`,
      title: `New ${model.label.toLowerCase()}`,
      ...(examples && { examples: [examples.create] }),
    }),
    update: bodySchema(model, "update").meta({
      id: `${name}Update`,
      title: `Changes of a ${model.label.toLowerCase()}`,
      ...(examples && { examples: [examples.update] }),
    }),
    query: querySchema(model),
  };
  made.set(model, schemas);
  return schemas;
}

/** A record as it is answered. */
function viewSchema(model: Model) {
  const shape: Record<string, z.ZodType> = {
    reference: z.string().meta({ title: "Reference", description: "Addresses the record" }),
  };
  for (const [name, field] of Object.entries(model.fields)) {
    if (isReadable(field)) {
      const value = storedSchema(field);
      shape[name] = (field.required ? value : value.nullable()).meta(describeField(field));
    } else {
      shape[`has_${name}`] = z.boolean().meta({ title: `Has ${field.label.toLowerCase()}` });
    }
  }
  shape["create_date"] = z.iso.datetime().meta({ title: "Created" });
  shape["write_date"] = z.iso.datetime().meta({ title: "Changed" });
  return z.object(shape);
}

/** A value that is stored: its type, without the rules for new ones. */
function storedSchema(field: Field): z.ZodType {
  if (field.kind === "flag") return z.boolean();
  if (field.kind === "integer") return z.int();
  if (field.kind === "selection") return z.enum(Object.keys(field.options) as [string, ...string[]]);
  return z.string();
}

function querySchema(model: Model): z.ZodType<RecordQuery> {
  const shape: Record<string, z.ZodType> = {};
  if (model.referenceField === "reference") shape["reference"] = queryText.optional();
  for (const [name, field] of Object.entries(model.fields)) {
    const filter = filterSchema(field);
    if (filter)
      shape[name] = filter
        .optional()
        .meta({ ...describeField(field), description: `Only those with this value of ${field.label}` });
  }
  return z.strictObject({ ...shape, ...pageQuery }) as z.ZodType<RecordQuery>;
}

/** Null for what cannot be compared: secrets, and text that is too long to. */
function filterSchema(field: Field): z.ZodType | null {
  switch (field.kind) {
    case "flag":
      return queryFlag;
    case "integer":
      return queryInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    case "selection":
      return field.schema;
    case "text":
    case "many2one":
      return queryText;
    case "longText":
    case "code":
    case "secret":
    case "password":
      return null;
  }
}

function describeField(field: Field): { title: string; description?: string } {
  const target = field.kind === "many2one" ? `Reference of a ${field.relation.replaceAll("_", " ")}.` : "";
  const description = [target, field.help].filter(Boolean).join(" ");
  return { title: field.label, ...(description !== "" && { description }) };
}

function pascalCase(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
