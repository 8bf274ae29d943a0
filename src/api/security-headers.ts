import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Answers for programs: nothing in them is to be shown as a page, framed or kept. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Adds them, and the request's id, to every answer of the scope; a route may set others over them. */
export function addSecurityHeaders(scope: FastifyInstance): void {
  scope.addHook("onRequest", async (request, reply) => setSecurityHeaders(request, reply));
}

/** The same for one answer, where no hook runs. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ ...HEADERS, "x-request-id": request.id });
}
