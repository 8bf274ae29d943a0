import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { collectionPath, type ModelRegistry, type RecordValues } from "../records/model.ts";
import type { Records } from "../records/records.ts";
import type { Operations } from "../tower/operations.ts";
import type { Authentication } from "./authentication.ts";
import { created, ok, queryText, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { recordSchemas } from "./record-schemas.ts";
import { withoutUndefined } from "./without-undefined.ts";

export interface ServerRoutesDependencies {
  readonly operations: Operations;
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly authentication: Authentication;
}

const checkSchema = z
  .object({ ok: z.boolean(), message: z.string(), uname: z.string().nullable() })
  .meta({ id: "ServerCheck", title: "How a test of the way to a server ended" });
const hostKeySchema = z
  .object({
    type: z.string(),
    base64: z.string(),
    fingerprint: z.string().meta({ description: "As `ssh-keygen -l` prints it" }),
    trusted: z.boolean().meta({ description: "It is the one that is stored" }),
  })
  .meta({ id: "HostKey", title: "The key that a server shows" });
const trustSchema = z
  .strictObject({ fingerprint: z.string().regex(/^SHA256:/, "must begin with SHA256:") })
  .meta({ id: "TrustHostKey", title: "The fingerprint that you have compared" });

const createServerSchema = z
  .strictObject({
    name: z.string("must be text").min(1, "must not be empty"),
    values: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "Fields of the server, before those of the template" }),
    configuration_variables: z
      .record(z.string(), z.string().nullable())
      .optional()
      .meta({ description: "Reference of a variable → its value; one that there is not is made" }),
    pick_all_template_variables: z.boolean().optional(),
  })
  .meta({
    id: "CreateServerFromTemplate",
    title: "A server to make",
    examples: [
      { name: "Web 2", values: { ip_v4_address: "192.0.2.2" }, configuration_variables: { site_dir: "/srv/site" } },
    ],
  });

const byReference = z.object({ reference: queryText.meta({ description: "Reference of the record" }) });
const MOVE_PROBLEMS = ["unauthenticated", "forbidden", "not_found", "invalid", "unavailable"] as const;

/** The way to servers, and what is fetched from them and sent there. */
export function registerServerRoutes(scope: FastifyInstance, dependencies: ServerRoutesDependencies): void {
  const { operations, records, models, authentication } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const security = SIGNED_IN;

  routes.post("/servers/:reference/check", {
    schema: {
      tags: ["Servers"],
      security,
      operationId: "checkServer",
      summary: "Test the way to a server",
      description: "Signs in, runs `uname -a`, and moves a small file there and back.",
      params: byReference,
      response: {
        ...ok("How it went", checkSchema),
        ...problemResponses("unauthenticated", "forbidden", "not_found"),
      },
    },
    handler: async (request) => operations.checkServer(request.params.reference, authentication.getAccount(request)),
  });

  routes.get("/servers/:reference/host-key", {
    schema: {
      tags: ["Servers"],
      security,
      operationId: "getHostKey",
      summary: "Ask a server for its host key",
      description: "Nothing is signed in, and nothing is stored.",
      params: byReference,
      response: {
        ...ok("The key", hostKeySchema),
        ...problemResponses("unauthenticated", "forbidden", "not_found", "unavailable"),
      },
    },
    handler: async (request) => operations.readHostKey(request.params.reference, authentication.getAccount(request)),
  });

  routes.post("/servers/:reference/host-key", {
    schema: {
      tags: ["Servers"],
      security,
      operationId: "trustHostKey",
      summary: "Store the host key that a server shows",
      description:
        "Compare the fingerprint with the server's own first (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`).",
      params: byReference,
      body: trustSchema,
      response: {
        ...ok("The key", hostKeySchema),
        ...problemResponses(...BODY_PROBLEMS, ...MOVE_PROBLEMS, "conflict"),
      },
    },
    handler: async (request) =>
      operations.trustHostKey(request.params.reference, request.body.fingerprint, authentication.getAccount(request)),
  });

  for (const direction of ["push", "pull"] as const)
    routes.post(`/files/:reference/${direction}`, {
      schema: {
        tags: ["Files"],
        security,
        operationId: `${direction}File`,
        summary: direction === "push" ? "Send a file to its server" : "Fetch a file from its server",
        description: "Takes the right to change the file's record, which says how it went.",
        params: byReference,
        response: { ...ok("The file", recordSchemas(models.get("file")).view), ...problemResponses(...MOVE_PROBLEMS) },
      },
      async handler(request) {
        const actor = authentication.getAccount(request);
        await operations.moveFile(request.params.reference, direction, actor);
        return records.get(models.get("file"), request.params.reference, actor);
      },
    });

  routes.post("/server-logs/:reference/refresh", {
    schema: {
      tags: ["Server logs"],
      security,
      operationId: "refreshServerLog",
      summary: "Fetch what a server log shows",
      description: "Takes the right to see it.",
      params: byReference,
      response: {
        ...ok("The log", recordSchemas(models.get("server_log")).view),
        ...problemResponses(...MOVE_PROBLEMS),
      },
    },
    async handler(request) {
      const actor = authentication.getAccount(request);
      await operations.refreshServerLog(request.params.reference, actor);
      return records.get(models.get("server_log"), request.params.reference, actor);
    },
  });

  routes.post("/server-templates/:reference/create-server", {
    schema: {
      tags: ["Server templates"],
      security,
      operationId: "createServerFromTemplate",
      summary: "Make a server from a template",
      description: "Takes the right to see the template. The plan for new servers, if it names one, is begun.",
      params: byReference,
      body: createServerSchema,
      response: {
        ...created("The server; Location has its address", recordSchemas(models.get("server")).view),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "not_found", "conflict"),
      },
    },
    async handler(request, reply) {
      const actor = authentication.getAccount(request);
      const { name, values, configuration_variables: variables, pick_all_template_variables: pickAll } = request.body;
      const wanted = withoutUndefined({
        name,
        values: values as RecordValues | undefined,
        configurationVariables: variables,
        pickAllTemplateVariables: pickAll,
      });
      const { server } = await operations.createServer(request.params.reference, wanted, actor);
      const model = models.get("server");
      const location = `/api/v1/${collectionPath(model)}/${encodeURIComponent(server)}`;
      return reply
        .code(201)
        .header("location", location)
        .send(await records.get(model, server, actor));
    },
  });
}
