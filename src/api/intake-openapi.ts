import type { OpenApiDocument, OpenApiOperation } from "./openapi-components.ts";

/**
 * The calls themselves, in the OpenAPI document. Described by hand: the route has no schema, since
 * what senders send is not checked before it is authenticated.
 */
export function describeIntake(): OpenApiDocument["paths"] {
  return {
    "/cetmix_tower_webhooks/{endpoint}": {
      get: describeCall("callWebhookByGet", "Call a webhook of method GET"),
      post: {
        ...describeCall("callWebhook", "Call a webhook of method POST"),
        requestBody: {
          content: {
            "application/json": { schema: {} },
            "application/x-www-form-urlencoded": { schema: { type: "object", additionalProperties: true } },
          },
        },
      },
    },
  };
}

function describeCall(operationId: string, summary: string): OpenApiOperation {
  return {
    operationId,
    summary,
    tags: ["Calls"],
    description: "Authenticated by the webhook's own authenticator. Its code may choose another answer.",
    security: [],
    parameters: [
      {
        name: "endpoint",
        in: "path",
        required: true,
        description: "The webhook's endpoint; it may contain slashes",
        schema: { type: "string" },
      },
    ],
    responses: {
      200: describeAnswer("The code ran"),
      202: describeAnswer("Taken; the code runs later"),
      401: describeAnswer("The authenticator did not let it in; it may say 403 or another status instead"),
      404: describeAnswer("There is no such webhook, or it is off"),
      413: describeAnswer("The body is too large"),
      500: describeAnswer("The code failed"),
      503: describeAnswer("Not able to take it right now; Retry-After says when to try again"),
    },
  };
}

function describeAnswer(description: string) {
  const schema = { type: "object", properties: { message: { type: ["string", "null"] } } };
  return { description, content: { "application/json": { schema } } };
}
