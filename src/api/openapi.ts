import swagger, { type FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { describeIntake } from "./intake-openapi.ts";
import { tidyComponents, type OpenApiDocument } from "./openapi-components.ts";
import { SESSION_COOKIE } from "./authentication.ts";
import { YAML_MEDIA_TYPES } from "./transfer.routes.ts";

const DESCRIPTION = `A self-hosted tower for incoming webhooks.

Records are addressed by their reference and have the same field names here, in YAML, in the
database and in snippets. A relation holds the other record's reference.

Lists answer \`items\` and \`next_cursor\`; send the latter as \`cursor\` for the next page.
Errors are problem documents (RFC 9457); \`errors\` names every bad field.`;

const completeComponents = createJsonSchemaTransformObject({});

/** Collects the routes of the scope that are registered after it, and makes the OpenAPI 3.1 document of them. */
export async function registerOpenApi(scope: FastifyInstance, info: { version: string }): Promise<void> {
  const options: FastifyDynamicSwaggerOptions = {
    hideUntagged: true,
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Hooktower",
        version: info.version,
        description: DESCRIPTION,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      // Wherever the document came from: a name of this server that the reader can reach.
      servers: [{ url: "/" }],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "An API token, as `hooktower token create` prints it" },
          session: {
            type: "apiKey",
            in: "cookie",
            name: SESSION_COOKIE,
            description: "The web app's session. Requests that change something must come from a page of this server.",
          },
        },
      },
    },
    transform: createJsonSchemaTransform({}),
    transformObject(input) {
      const document = completeComponents(input) as OpenApiDocument;
      const paths = { ...document.paths, ...describeIntake() };
      return tidyComponents({ ...document, paths: completeBodies(paths) });
    },
  };
  await scope.register(swagger, options);
}

/** Adds `GET /openapi.json`. */
export function registerOpenApiRoute(scope: FastifyInstance): void {
  let text: string | undefined;
  scope.get("/openapi.json", {
    schema: {
      tags: ["Operation"],
      security: [],
      operationId: "getOpenApi",
      summary: "This document",
      response: { 200: { description: "OpenAPI 3.1", content: { "application/json": { schema: anyObject } } } },
    },
    handler: async (_request, reply) => {
      text ??= JSON.stringify(scope.swagger());
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  });
}

const anyObject = z.looseObject({});

/** What a route's body schema cannot say by itself. */
function completeBodies(paths: OpenApiDocument["paths"]): OpenApiDocument["paths"] {
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    if (operation.requestBody && operation["x-body-optional"]) operation.requestBody.required = false;
    delete operation["x-body-optional"];
  }
  // One schema stands for all media types of a route, but YAML by itself is text.
  const content = paths["/api/v1/import"]?.["post"]?.requestBody?.content;
  if (content) for (const type of YAML_MEDIA_TYPES) content[type] = { schema: { type: "string" } };
  return paths;
}
