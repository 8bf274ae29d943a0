import { randomUUID } from "node:crypto";
import type { FastifyServerOptions } from "fastify";
import type { Logger } from "../lib/logger.ts";
import { answerError } from "./error-boundary.ts";
import { setSecurityHeaders } from "./security-headers.ts";

/** A reference may have 512 characters, each of them three when escaped. */
const MAX_PARAM_LENGTH = 2048;

const BODY_LIMIT_BYTES = 1024 * 1024;

/**
 * Options of the Fastify instance that `registerApi` counts on: ids of requests are made here
 * (a sender's own is not believed), and what is refused before routing looks like every other error.
 */
export function createServerOptions(logger: Logger) {
  return {
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors(error, request, reply) {
      setSecurityHeaders(request, reply);
      void answerError(error, request, reply, logger);
    },
  } satisfies FastifyServerOptions;
}
