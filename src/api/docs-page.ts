import swagger, { type StaticDocumentSpec } from "@fastify/swagger";
import Fastify, { type FastifyInstance } from "fastify";
import type { Logger } from "../lib/logger.ts";
import { setErrorBoundary, throwNotFound } from "./error-boundary.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { createServerOptions } from "./server-options.ts";

const PREFIX = "/api/docs";

/** As far as the types know it: up to OpenAPI 3.0. */
type Document = StaticDocumentSpec["document"];

/** Everything the page needs comes from this server; the browser is told to load nothing else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI sets style attributes and draws its icons from data: URLs.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Adds `GET /api/docs`: the OpenAPI document as a page to read and try. A server of its own behind it is made
 * when somebody first looks: Swagger UI takes 110 ms to load, a sixth of a start.
 */
export function registerDocsPage(scope: FastifyInstance, logger: Logger): void {
  let page: ReturnType<typeof createPage> | undefined;
  for (const url of [PREFIX, `${PREFIX}/*`]) {
    scope.get(url, { schema: { hide: true } }, async (request, reply) => {
      page ??= createPage(scope.swagger() as Document, logger);
      // One failure is not kept: the next look tries anew.
      const answer = await page.catch((error: unknown) => {
        page = undefined;
        throw error;
      });
      reply.hijack();
      answer(request.raw, reply.raw);
    });
  }
}

async function createPage(document: Document, logger: Logger): Promise<FastifyInstance["routing"]> {
  const { default: swaggerUi } = await import("@fastify/swagger-ui");
  const page = Fastify(createServerOptions(logger));
  setErrorBoundary(page, logger);
  addSecurityHeaders(page);
  page.setNotFoundHandler(throwNotFound);
  await page.register(swagger, { mode: "static", specification: { document } });
  await page.register(swaggerUi, {
    routePrefix: PREFIX,
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: "Hooktower API" },
    uiConfig: {
      // Without the top bar: it offers to load other documents.
      layout: "BaseLayout",
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: false,
      persistAuthorization: false,
    },
  });
  await page.ready();
  return page.routing;
}
