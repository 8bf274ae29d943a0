import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { coerceError, HooktowerError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { Accounts } from "../users/accounts.service.ts";
import { findByBearer } from "./authentication.ts";
import type { Metrics } from "./metrics.ts";
import { ok } from "./openapi-parts.ts";
import { problemResponses } from "./problem.ts";

/** True when the part works. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

export interface OperationRoutesDependencies {
  readonly accounts: Accounts;
  readonly metrics: Metrics;
  /** By name, e.g. `database`, `sandbox`. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly logger: Logger;
}

/** A check that takes longer has failed: whoever asks wants an answer now. */
const CHECK_TIMEOUT_MS = 3000;

const aliveSchema = z.object({ status: z.literal("ok") }).meta({ id: "Alive", title: "Alive" });
const readySchema = z
  .object({ status: z.enum(["ready", "not_ready"]), checks: z.record(z.string(), z.enum(["ok", "failing"])) })
  .meta({
    id: "Readiness",
    title: "Readiness",
    examples: [{ status: "ready", checks: { database: "ok", sandbox: "ok" } }],
  });

/** What load balancers, orchestrators and Prometheus ask. */
export function registerOperationRoutes(scope: FastifyInstance, dependencies: OperationRoutesDependencies): void {
  const { accounts, metrics, readiness, logger } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const common = { tags: ["Operation"], security: [] };

  routes.get("/healthz", {
    schema: {
      ...common,
      operationId: "getHealth",
      summary: "Is the process alive",
      response: ok("It is", aliveSchema),
    },
    handler: async () => ({ status: "ok" as const }),
  });

  routes.get("/readyz", {
    schema: {
      ...common,
      operationId: "getReadiness",
      summary: "Can calls be answered",
      response: {
        ...ok("They can", readySchema),
        503: { description: "They cannot; checks say why", content: { "application/json": { schema: readySchema } } },
      },
    },
    async handler(_request, reply) {
      const checks = Object.fromEntries(
        await Promise.all(
          Object.entries(readiness).map(async ([name, check]) => [name, await runCheck(name, check)] as const),
        ),
      );
      const ready = Object.values(checks).every((result) => result === "ok");
      return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not_ready", checks });
    },
  });

  routes.get("/metrics", {
    schema: {
      tags: ["Operation"],
      security: [{}, { token: [] }],
      operationId: "getMetrics",
      summary: "Prometheus metrics",
      description:
        "They name webhooks, so they are open to the machine itself only (a loopback peer without a proxy's headers); " +
        "from elsewhere they take the API token of any user.",
      response: {
        200: { description: "Exposition text", content: { "text/plain": { schema: z.string() } } },
        ...problemResponses("unauthenticated"),
      },
    },
    async handler(request, reply) {
      if (!isLocal(request) || request.headers.authorization !== undefined) await assertToken(accounts, request);
      return reply.header("content-type", metrics.contentType).send(await metrics.render());
    },
  });

  async function runCheck(name: string, check: ReadinessCheck): Promise<"ok" | "failing"> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, CHECK_TIMEOUT_MS, false);
    });
    try {
      return (await Promise.race([check(), timeout])) ? "ok" : "failing";
    } catch (thrown) {
      logger.warn({ err: coerceError(thrown), check: name }, "readiness check failed");
      return "failing";
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Headers that say a proxy passed the request on, so a loopback peer proves nothing. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  return (address === "::1" || address.startsWith("127.")) && PROXY_HEADERS.every((name) => !request.headers[name]);
}

async function assertToken(accounts: Accounts, request: FastifyRequest): Promise<void> {
  const { authorization } = request.headers;
  if (authorization === undefined)
    throw new HooktowerError("unauthenticated", "Send an API token as Authorization: Bearer");
  await findByBearer(accounts, authorization);
}
