import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";

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

/** Adds `GET /api/docs`: the OpenAPI document as a page to read and try. */
export async function registerDocsPage(scope: FastifyInstance): Promise<void> {
  await scope.register(swaggerUi, {
    routePrefix: "/api/docs",
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
}
