import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { CallLog, CallQuery } from "../calls/call.ts";
import type { ManualCalls } from "../intake/intake.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { Authentication } from "./authentication.ts";
import { callPageSchema, callQuerySchema, callSchema, testCallSchema } from "./call-schemas.ts";
import { BODY_OPTIONAL, ok, queryText, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { withoutUndefined } from "./without-undefined.ts";

export interface WebhookLogRoutesDependencies {
  readonly calls: CallLog;
  readonly manualCalls: ManualCalls;
  readonly authentication: Authentication;
}

/** The log of calls, and calls made by hand. For a scope where only Root gets in. */
export function registerWebhookLogRoutes(scope: FastifyInstance, dependencies: WebhookLogRoutesDependencies): void {
  const { calls, manualCalls, authentication } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const idParams = z.object({ id: queryText.meta({ description: "Id of the call" }) });
  const common = { tags: ["Webhook calls"], security: SIGNED_IN };

  routes.get("/webhook-logs", {
    schema: {
      ...common,
      operationId: "listWebhookLogs",
      summary: "List logged calls, newest first",
      querystring: callQuerySchema,
      response: { ...ok("One page", callPageSchema), ...problemResponses("unauthenticated", "forbidden", "invalid") },
    },
    async handler(request) {
      const query: CallQuery = withoutUndefined(request.query);
      const page = await calls.list(query);
      return { items: [...page.items], next_cursor: page.nextCursor };
    },
  });

  routes.get("/webhook-logs/:id", {
    schema: {
      ...common,
      operationId: "getWebhookLog",
      summary: "Read a logged call",
      params: idParams,
      response: { ...ok("The call", callSchema), ...problemResponses("unauthenticated", "forbidden", "not_found") },
    },
    async handler(request, reply) {
      const call = await calls.find(request.params.id);
      if (!call) throw new HooktowerError("not_found", `There is no call ${request.params.id}`);
      return reply.send(call);
    },
  });

  routes.post("/webhook-logs/:id/replay", {
    schema: {
      ...common,
      operationId: "replayWebhookLog",
      summary: "Run a logged call again",
      description: "From its exact bytes, with today's code. The new call has replay_of.",
      params: idParams,
      response: {
        ...ok("The new call", callSchema),
        ...problemResponses("unauthenticated", "forbidden", "not_found", "invalid", "unavailable"),
      },
    },
    handler: async (request, reply) =>
      reply.send(await manualCalls.replay(request.params.id, authentication.getAccount(request))),
  });

  routes.post("/webhooks/:reference/run", {
    schema: {
      ...common,
      operationId: "runWebhook",
      summary: "Try a webhook's code",
      description:
        "Runs it once, stored or as given, as the webhook's user and without its authenticator. Logged as a test.",
      params: z.object({ reference: queryText.meta({ description: "Reference of the webhook" }) }),
      ...BODY_OPTIONAL,
      body: testCallSchema.nullish(),
      response: {
        ...ok("The call", callSchema),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "not_found", "unavailable"),
      },
    },
    async handler(request, reply) {
      const call = withoutUndefined(request.body ?? {});
      return reply.send(await manualCalls.run(request.params.reference, call, authentication.getAccount(request)));
    },
  });
}
