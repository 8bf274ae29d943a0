import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { coerceError, ERROR_CODES, HooktowerError, type ErrorCode, type FieldError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { makeInternalProblem, makeProblem, PROBLEM_MEDIA_TYPE, type Problem } from "./problem.ts";

/** Makes every error of a scope a problem document. The only place that turns errors into answers. */
export function setErrorBoundary(scope: FastifyInstance, logger: Logger): void {
  scope.setErrorHandler((thrown, request, reply) => answerError(thrown, request, reply, logger));
}

/** Answers one error; also for what Fastify finds wrong before it has a route, see server-options.ts. */
export function answerError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const known = asKnownError(thrown);
  if (known === null) {
    logger.error(
      { err: coerceError(thrown), error_id: request.id, method: request.method, url: pathOf(request) },
      "internal error",
    );
    return sendProblem(reply, makeInternalProblem(request.id));
  }
  if (known.code === "unauthenticated") reply.header("www-authenticate", "Bearer");
  if (known.retryAfterSeconds !== undefined) reply.header("retry-after", known.retryAfterSeconds);
  if (known.status >= 500) logger.warn({ err: known, url: pathOf(request) }, "could not answer");
  return sendProblem(reply, makeProblem(known.code, known.message, known.errors));
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // Bytes, since Fastify adds a charset to the type of text, and this type has none.
  return reply
    .code(problem.status)
    .header("content-type", PROBLEM_MEDIA_TYPE)
    .send(Buffer.from(JSON.stringify(problem)));
}

/** Null for a bug. */
function asKnownError(thrown: unknown): HooktowerError | null {
  if (thrown instanceof HooktowerError) return thrown;
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const errors = thrown.validation.flatMap(readIssue);
    return new HooktowerError("invalid", errors.map(describe).join("; "), { errors });
  }
  if (!isFastifyError(thrown)) return null;
  const code = CODE_OF_STATUS.get(thrown.statusCode ?? 500);
  // The message of a path that is too long repeats it.
  return code ? new HooktowerError(code, thrown.message.slice(0, 500), { cause: thrown }) : null;
}

const CODE_OF_STATUS = new Map<number, ErrorCode>([
  [400, "malformed"],
  [413, "too_large"],
  [414, "malformed"],
  [415, "unsupported_media_type"],
]);

/** Fastify's own refusals; anything else with a `statusCode` is not ours to pass on. */
function isFastifyError(thrown: unknown): thrown is FastifyError {
  return thrown instanceof Error && "code" in thrown && String(thrown.code).startsWith("FST_");
}

function readIssue(issue: { instancePath: string; message?: string | undefined; params: object }): FieldError[] {
  const path = issue.instancePath.split("/").filter(Boolean).join(".");
  const keys = "keys" in issue.params && Array.isArray(issue.params.keys) ? issue.params.keys : null;
  if (keys)
    return keys.map((key) => ({
      path: path === "" ? String(key) : `${path}.${String(key)}`,
      message: "is not known here",
    }));
  return [{ path, message: issue.message ?? "is not valid" }];
}

function describe(error: FieldError): string {
  return error.path === "" ? error.message : `${error.path}: ${error.message}`;
}

/** Without the query string, which may hold what should not be in a log. */
function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

/** For an unknown path of a scope. */
export function throwNotFound(request: FastifyRequest): never {
  throw new HooktowerError("not_found", `${ERROR_CODES.not_found.title}: ${request.method} ${pathOf(request)}`);
}
