import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { waitAtMost } from "../lib/wait-at-most.ts";
import { collectionPath, type ModelRegistry } from "../records/model.ts";
import type { Records } from "../records/records.ts";
import type { Json } from "../sandbox/sandbox.ts";
import type { Operations } from "../tower/operations.ts";
import type { Authentication } from "./authentication.ts";
import { ok, queryText, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { recordSchemas } from "./record-schemas.ts";
import { withoutUndefined } from "./without-undefined.ts";

export interface RunRoutesDependencies {
  readonly operations: Operations;
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly authentication: Authentication;
}

const MAX_WAIT_S = 60;

const reference = z.string("must be a reference").min(1, "must not be empty");
const runOptions = {
  variable_values: z
    // The body was JSON, so whatever is in it is.
    .record(z.string(), z.unknown() as z.ZodType<Json>)
    .optional()
    .meta({ description: "Values for this run; they count when you may change the server" }),
  label: z.string().max(200).optional().meta({ description: "To find the log again" }),
  wait: z
    .number()
    .min(0)
    .max(MAX_WAIT_S)
    .optional()
    .meta({ description: `Seconds to wait for the end, up to ${MAX_WAIT_S}; none when absent. The run goes on` }),
};
const runCommandSchema = z
  .strictObject({
    command: reference,
    path: z
      .string()
      .optional()
      .meta({ description: "Directory, in place of the command's. Takes the right to change the server" }),
    sudo: z.boolean().optional().meta({ description: "false: without sudo, whatever the server says" }),
    ...runOptions,
  })
  .meta({ id: "RunCommand", title: "A command to run", examples: [{ command: "restart_nginx", wait: 10 }] });
const runPlanSchema = z.strictObject({ server: reference, ...runOptions }).meta({
  id: "RunPlan",
  title: "Where to run a plan",
  examples: [{ server: "web1", variable_values: { tag: "v2" } }],
});
const runShortcutSchema = z
  .strictObject({ server: reference })
  .meta({ id: "RunShortcut", title: "Where to run a shortcut", examples: [{ server: "web1" }] });
const startedSchema = z
  .object({ log: z.string().meta({ description: "Address of the log" }) })
  .meta({ id: "StartedRun", title: "What was begun" });
const started = {
  202: { description: "It runs; Location has its log", content: { "application/json": { schema: startedSchema } } },
};

const byReference = z.object({ reference: queryText.meta({ description: "Reference of the record" }) });
const byId = z.object({ id: z.coerce.number().int().positive() });

const RUN_PROBLEMS = [
  ...BODY_PROBLEMS,
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "unavailable",
] as const;

/** Running commands, plans and shortcuts, and stopping them. */
export function registerRunRoutes(scope: FastifyInstance, dependencies: RunRoutesDependencies): void {
  const { operations, records, models, authentication } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const security = SIGNED_IN;
  const commandLog = models.get("command_log");
  const planLog = models.get("plan_log");

  const accepted = (model: typeof commandLog) => ({
    202: {
      description: "It runs, or has ended already; Location has its log",
      content: { "application/json": { schema: recordSchemas(model).view } },
    },
  });

  routes.post("/servers/:reference/run-command", {
    schema: {
      tags: ["Servers"],
      security,
      operationId: "runCommand",
      summary: "Run a command on a server",
      description: "Takes the right to see both. What comes of it is in the command log.",
      params: byReference,
      body: runCommandSchema,
      response: { ...accepted(commandLog), ...problemResponses(...RUN_PROBLEMS) },
    },
    async handler(request, reply) {
      const { command, wait, variable_values: values, ...options } = withoutUndefined(request.body);
      const actor = authentication.getAccount(request);
      const wanted = { ...options, variableValues: values ?? {} };
      const { logId, ended } = await operations.runCommand(request.params.reference, command, wanted, actor);
      await waitAtMost(ended, (wait ?? 0) * 1000);
      return reply
        .code(202)
        .header("location", locationOf(commandLog, logId))
        .send(await read(commandLog, logId, request));
    },
  });

  routes.post("/plans/:reference/run", {
    schema: {
      tags: ["Flight plans"],
      security,
      operationId: "runPlan",
      summary: "Run a flight plan on a server",
      description: "Takes the right to see both. What comes of it is in the plan log.",
      params: byReference,
      body: runPlanSchema,
      response: { ...accepted(planLog), ...problemResponses(...RUN_PROBLEMS) },
    },
    async handler(request, reply) {
      const { server, wait, variable_values: values, ...options } = withoutUndefined(request.body);
      const actor = authentication.getAccount(request);
      const wanted = { ...options, variableValues: values ?? {} };
      const { logId, ended } = await operations.runPlan(server, request.params.reference, wanted, actor);
      await waitAtMost(ended, (wait ?? 0) * 1000);
      return reply
        .code(202)
        .header("location", locationOf(planLog, logId))
        .send(await read(planLog, logId, request));
    },
  });

  routes.post("/shortcuts/:reference/run", {
    schema: {
      tags: ["Shortcuts"],
      security,
      operationId: "runShortcut",
      summary: "Run what a shortcut stands for",
      description: "Takes the right to see the shortcut and the server, whatever it runs.",
      params: byReference,
      body: runShortcutSchema,
      response: { ...started, ...problemResponses(...RUN_PROBLEMS) },
    },
    async handler(request, reply) {
      const actor = authentication.getAccount(request);
      const { action, logId } = await operations.runShortcut(request.params.reference, request.body.server, actor);
      const location = locationOf(action === "plan" ? planLog : commandLog, logId);
      return reply.code(202).header("location", location).send({ log: location });
    },
  });

  for (const model of [commandLog, planLog])
    routes.post(`/${collectionPath(model)}/:id/stop`, {
      schema: {
        tags: [model === planLog ? "Plan logs" : "Command logs"],
        security,
        operationId: model === planLog ? "stopPlan" : "stopCommand",
        summary: model === planLog ? "Stop a plan run" : "Stop a command run",
        description: "Takes a run of your own, or the right to change its server. The process is ended on the server.",
        params: byId,
        response: {
          ...ok("The log", recordSchemas(model).view),
          ...problemResponses("unauthenticated", "forbidden", "not_found", "conflict"),
        },
      },
      async handler(request) {
        const { id } = request.params;
        const kind = model === planLog ? "plan_log" : "command_log";
        await operations.stopRun(kind, id, authentication.getAccount(request));
        return read(model, id, request);
      },
    });

  async function read(
    model: typeof commandLog,
    id: number | null,
    request: Parameters<typeof authentication.getAccount>[0],
  ) {
    if (id === null) throw new Error("a run by hand has a log");
    return records.get(model, String(id), authentication.getAccount(request));
  }
}

function locationOf(model: Parameters<typeof collectionPath>[0], id: number | null): string {
  return `/api/v1/${collectionPath(model)}/${String(id)}`;
}
