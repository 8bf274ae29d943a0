import type { FastifyInstance, FastifySchemaCompiler } from "fastify";
import { validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { invalid } from "../lib/errors.ts";
import { collectionPath, type ModelRegistry } from "../records/model.ts";
import { isInFormat } from "../records/yaml.format.ts";
import { IMPORT_MODES, type ImportReport, type YamlService } from "../records/yaml.service.ts";
import type { Authentication } from "./authentication.ts";
import { ok, queryFlag, queryText, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";

export interface TransferRoutesDependencies {
  readonly models: ModelRegistry;
  readonly yaml: YamlService;
  readonly authentication: Authentication;
}

export const YAML_MEDIA_TYPES = ["application/yaml", "application/x-yaml", "text/yaml", "text/plain"] as const;

const IMPORT_LIMIT_BYTES = 10 * 1024 * 1024;

const importSchema = z
  .strictObject({ yaml: z.string("must be YAML text").meta({ description: "The file's text" }) })
  .meta({ id: "Import", title: "YAML in JSON" });

const reportSchema: z.ZodType<ImportReport> = z
  .object({
    created: z.array(z.string()),
    updated: z.array(z.string()),
    skipped: z.array(z.string()).meta({ description: "Existed already, and the mode was skip" }),
    ignored: z.array(z.string()).meta({ description: "Keys that were dropped" }),
    warnings: z.array(z.string()).meta({ description: "What somebody still has to do or know" }),
  })
  .meta({
    id: "ImportReport",
    title: "What an import did",
    examples: [
      {
        created: ["webhook github_push"],
        updated: [],
        skipped: ["webhook_authenticator github_auth"],
        ignored: ["webhook github_push: color"],
        warnings: [],
      },
    ],
  });

/** YAML that comes by itself is treated as if it came in JSON. */
const acceptText: FastifySchemaCompiler<z.ZodType> = (route) => {
  const validate = validatorCompiler(route);
  if (route.httpPart !== "body") return validate;
  return (body: unknown) => validate(typeof body === "string" ? { yaml: body } : body);
};

/** Import and export. For a scope of its own where only Root gets in: it takes other bodies. */
export function registerTransferRoutes(scope: FastifyInstance, dependencies: TransferRoutesDependencies): void {
  const { models, yaml, authentication } = dependencies;
  scope.setValidatorCompiler(acceptText);
  scope.addContentTypeParser([...YAML_MEDIA_TYPES], { parseAs: "string" }, (_request, body, done) => done(null, body));
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const common = { tags: ["YAML"], security: SIGNED_IN };

  routes.post("/import", {
    bodyLimit: IMPORT_LIMIT_BYTES,
    schema: {
      ...common,
      operationId: "importYaml",
      summary: "Import records from YAML",
      description: "All of the file or, when anything is wrong, nothing.",
      consumes: ["application/json", ...YAML_MEDIA_TYPES],
      querystring: z.strictObject({
        mode: z
          .enum(IMPORT_MODES)
          .default("skip")
          .meta({ description: "What happens to records that exist: skip, update, or create another" }),
      }),
      body: importSchema,
      response: {
        ...ok("What was done", reportSchema),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "conflict"),
      },
    },
    async handler(request, reply) {
      const { mode } = request.query;
      return reply.send(await yaml.importYaml(request.body.yaml, { mode }, authentication.getAccount(request)));
    },
  });

  const exportable = models.all.filter(isInFormat);
  const selectionSchema = Object.fromEntries(
    exportable.map((model) => [
      collectionPath(model),
      queryText.optional().meta({ description: `References of ${model.labelPlural}, separated by commas` }),
    ]),
  );

  routes.get("/export", {
    schema: {
      ...common,
      operationId: "exportYaml",
      summary: "Export records as YAML",
      querystring: z.strictObject({
        ...selectionSchema,
        explode: queryFlag
          .default(true)
          .meta({ description: "Whether records that others point at are written in full, or as references only" }),
      }),
      response: {
        200: { description: "The file", content: { "application/yaml": { schema: z.string() } } },
        ...problemResponses("unauthenticated", "forbidden", "not_found", "invalid"),
      },
    },
    async handler(request, reply) {
      const query: Record<string, unknown> = request.query;
      const selection: Record<string, string[]> = {};
      for (const model of exportable) {
        const references = splitReferences(query[collectionPath(model)]);
        if (references.length > 0) selection[model.name] = references;
      }
      if (Object.keys(selection).length === 0) {
        throw invalid([{ path: "", message: `name what to export: ${exportable.map(collectionPath).join(", ")}` }]);
      }
      const { explode } = request.query;
      const text = await yaml.exportYaml(selection, { explode }, authentication.getAccount(request));
      return reply
        .header("content-type", "application/yaml; charset=utf-8")
        .header("content-disposition", 'attachment; filename="hooktower.yaml"')
        .send(text);
    },
  });
}

function splitReferences(value: unknown): string[] {
  if (typeof value !== "string") return [];
  return value
    .split(",")
    .map((reference) => reference.trim())
    .filter((reference) => reference !== "");
}
