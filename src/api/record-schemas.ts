import { z } from "zod";
import { isColumn, isReadable, type Field } from "../records/field.ts";
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
  const address = { description: "Addresses the record" };
  const shape: Record<string, z.ZodType> =
    model.referenceField === "id"
      ? { id: z.int().meta({ title: "Id", ...address }) }
      : { reference: z.string().meta({ title: "Reference", ...address }) };
  for (const [name, field] of Object.entries(model.fields)) {
    if (isReadable(field)) {
      const value = storedSchema(field);
      const described = (field.required || !isColumn(field) ? value : value.nullable()).meta(describeField(field));
      // Who may not see a field gets records without it.
      shape[name] = field.group === undefined ? described : described.optional();
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
  switch (field.kind) {
    case "flag":
      return z.boolean();
    case "integer":
      return z.int();
    case "json":
      return z.unknown();
    case "selection":
      return z.enum(Object.keys(field.options) as [string, ...string[]]);
    case "many2one":
      return related(field.relation);
    case "one2many":
    case "many2many":
      return z.array(related(field.relation));
    default:
      return z.string();
  }
}

/** Rows of logs are named by their ids. */
const RELATED_BY_ID: ReadonlySet<string> = new Set(["command_log", "plan_log"]);

function related(relation: string): z.ZodType {
  return RELATED_BY_ID.has(relation) ? z.int() : z.string();
}

function querySchema(model: Model): z.ZodType<RecordQuery> {
  const shape: Record<string, z.ZodType> = {};
  if (!(model.referenceField in model.fields)) shape[model.referenceField] = queryText.optional();
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
    case "many2many":
    case "datetime":
      return queryText;
    case "longText":
    case "code":
    case "json":
    case "one2many":
    case "secret":
    case "password":
      return null;
  }
}

function describeField(field: Field): { title: string; description?: string } {
  const description = [describeRelation(field), field.help].filter(Boolean).join(" ");
  return { title: field.label, ...(description !== "" && { description }) };
}

function describeRelation(field: Field): string {
  if (!("relation" in field)) return "";
  const target = field.relation.replaceAll("_", " ");
  if (field.kind === "many2one") return `Reference of a ${target}.`;
  if (field.kind === "many2many") return `References of ${target} records.`;
  return `The ${target} records that belong to this one: each a reference, or a mapping that makes or changes one. Those that are not named are deleted.`;
}

function pascalCase(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
