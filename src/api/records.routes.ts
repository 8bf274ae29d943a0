import { textOf } from "../records/field.ts";
import type { FastifyInstance, FastifyRequest, FastifySchemaCompiler } from "fastify";
import { validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { invalid } from "../lib/errors.ts";
import { assertAllowed, type Operation } from "../records/access.ts";
import { collectionPath, type Model, type ModelRegistry, type RecordValues } from "../records/model.ts";
import type { ListQuery, Records, RecordView } from "../records/records.ts";
import type { Accounts } from "../users/accounts.service.ts";
import type { Authentication } from "./authentication.ts";
import { accepted, BODY_OPTIONAL, created, noContent, ok, queryText, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { recordSchemas, type RecordQuery } from "./record-schemas.ts";

export interface RecordRoutesDependencies {
  readonly models: ModelRegistry;
  readonly records: Records;
  readonly accounts: Accounts;
  readonly authentication: Authentication;
}

/** One REST resource for each model. For a scope of its own: bodies are not checked by Fastify in it. */
export function registerRecordRoutes(scope: FastifyInstance, dependencies: RecordRoutesDependencies): void {
  scope.setValidatorCompiler(bodyByRecords);
  for (const model of dependencies.models.all) registerCollection(scope, model, dependencies);
}

const FILTERS_HELP = "Filters are equalities; all that are given must hold. An empty value finds records without one.";

const paramsSchema = z.object({ reference: queryText.meta({ description: "Reference of the record" }) });

/** Bodies are checked by `records`, which YAML and the command line use too; the schema is for OpenAPI. */
const bodyByRecords: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === "body" ? (body: unknown) => ({ value: body }) : validatorCompiler(route);

function registerCollection(scope: FastifyInstance, model: Model, dependencies: RecordRoutesDependencies): void {
  const { records, accounts, authentication } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const path = `/${collectionPath(model)}`;
  const schemas = recordSchemas(model);
  const one = model.label.toLowerCase();
  const common = { tags: [capitalize(model.labelPlural)], security: SIGNED_IN };

  /** Asked before the body is read; `records` asks again. */
  const allow = (operation: Operation) => async (request: FastifyRequest) =>
    assertAllowed(authentication.getAccount(request), model, operation);

  routes.get(path, {
    onRequest: allow("read"),
    schema: {
      ...common,
      operationId: `list${schemas.pluralName}`,
      summary: `List ${model.labelPlural}`,
      description: `${model.help} ${FILTERS_HELP}`,
      querystring: schemas.query,
      response: { ...ok("One page", schemas.page), ...problemResponses("unauthenticated", "forbidden", "invalid") },
    },
    async handler(request) {
      const page = await records.list(model, readQuery(request.query), authentication.getAccount(request));
      return { items: page.items, next_cursor: page.nextCursor };
    },
  });

  routes.get(`${path}/:reference`, {
    onRequest: allow("read"),
    schema: {
      ...common,
      operationId: `get${schemas.name}`,
      summary: `Read a ${one}`,
      params: paramsSchema,
      response: { ...ok("The record", schemas.view), ...problemResponses("unauthenticated", "forbidden", "not_found") },
    },
    handler: async (request) => records.get(model, request.params.reference, authentication.getAccount(request)),
  });

  // What the tower alone writes has no routes that change it.
  if (model.access.root?.create === undefined) return;

  routes.post(path, {
    onRequest: allow("create"),
    schema: {
      ...common,
      operationId: `create${schemas.name}`,
      summary: `Create a ${one}`,
      body: schemas.create,
      response: {
        ...created("Created; Location has its address", schemas.view),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "conflict"),
      },
    },
    async handler(request, reply) {
      const record = await records.create(model, readValues(request.body), authentication.getAccount(request));
      return reply.code(201).header("location", locationOf(model, record)).send(record);
    },
  });

  routes.patch(`${path}/:reference`, {
    onRequest: allow("update"),
    schema: {
      ...common,
      operationId: `update${schemas.name}`,
      summary: `Change a ${one}`,
      description: "Fields that are not named stay as they are; null empties one.",
      params: paramsSchema,
      body: schemas.update,
      response: {
        ...ok("The record as it is now", schemas.view),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "not_found", "conflict"),
      },
    },
    async handler(request) {
      const values = readValues(request.body);
      const record = await records.update(model, request.params.reference, values, authentication.getAccount(request));
      if (model.name === "user") await accounts.endSessionsAfterChange(textOf(record["login"]), values);
      return record;
    },
  });

  routes.delete(`${path}/:reference`, {
    onRequest: allow("delete"),
    schema: {
      ...common,
      operationId: `delete${schemas.name}`,
      summary: `Delete a ${one}`,
      params: paramsSchema,
      response: {
        ...noContent("Deleted"),
        ...(model.deletedLater && accepted(model.deletedLater)),
        ...problemResponses("unauthenticated", "forbidden", "not_found", "conflict", "invalid", "unavailable"),
      },
    },
    async handler(request, reply) {
      const isGone = await records.delete(model, request.params.reference, authentication.getAccount(request));
      return reply.code(isGone ? 204 : 202).send();
    },
  });

  routes.post(`${path}/:reference/copy`, {
    onRequest: allow("create"),
    schema: {
      ...common,
      operationId: `copy${schemas.name}`,
      summary: `Copy a ${one}`,
      description: "The body may hold values for the copy. Secrets and passwords are not copied.",
      params: paramsSchema,
      ...BODY_OPTIONAL,
      body: schemas.update.nullish(),
      response: {
        ...created("The copy; Location has its address", schemas.view),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "not_found", "conflict"),
      },
    },
    async handler(request, reply) {
      const overrides = request.body === undefined || request.body === null ? {} : readValues(request.body);
      const record = await records.copy(model, request.params.reference, overrides, authentication.getAccount(request));
      return reply.code(201).header("location", locationOf(model, record)).send(record);
    },
  });
}

function readQuery({ limit, cursor, search, ...filters }: RecordQuery): ListQuery {
  const given = Object.entries(filters).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== undefined,
  );
  return {
    // Absent text is stored as null, so an empty filter looks for that.
    filters: Object.fromEntries(given.map(([name, value]) => [name, value === "" ? null : value])),
    ...(limit !== undefined && { limit }),
    ...(cursor !== undefined && { cursor }),
    ...(search !== undefined && { search }),
  };
}

function readValues(body: unknown): RecordValues {
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as RecordValues;
  throw invalid([{ path: "", message: "the body must be a JSON object" }]);
}

function locationOf(model: Model, record: RecordView): string {
  return `/api/v1/${collectionPath(model)}/${encodeURIComponent(textOf(record["reference"]))}`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
