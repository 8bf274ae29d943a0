import cookie from "@fastify/cookie";
import type { FastifyInstance } from "fastify";
import { validatorCompiler } from "fastify-type-provider-zod";
import type { CallLog } from "../calls/call.ts";
import type { ManualCalls } from "../intake/intake.ts";
import type { Logger } from "../lib/logger.ts";
import type { ModelRegistry } from "../records/model.ts";
import type { Records } from "../records/records.ts";
import type { YamlService } from "../records/yaml.service.ts";
import type { TowerSettingsService } from "../settings/tower-settings.service.ts";
import type { Operations } from "../tower/operations.ts";
import type { Accounts } from "../users/accounts.service.ts";
import { createAuthentication } from "./authentication.ts";
import { registerDocsPage } from "./docs-page.ts";
import { setErrorBoundary, throwNotFound } from "./error-boundary.ts";
import { setJsonParser } from "./json-parser.ts";
import type { Metrics } from "./metrics.ts";
import { registerOpenApi, registerOpenApiRoute } from "./openapi.ts";
import { registerOperationRoutes, type ReadinessCheck } from "./operation.routes.ts";
import { registerRecordRoutes } from "./records.routes.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { registerRunRoutes } from "./run.routes.ts";
import { registerServerRoutes } from "./server.routes.ts";
import { registerSessionRoutes } from "./session.routes.ts";
import { registerSettingsRoutes } from "./settings.routes.ts";
import { registerTransferRoutes } from "./transfer.routes.ts";
import { registerWebhookLogRoutes } from "./webhook-logs.routes.ts";

export interface ApiDependencies {
  readonly accounts: Accounts;
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly settings: TowerSettingsService;
  readonly calls: CallLog;
  readonly manualCalls: ManualCalls;
  readonly operations: Operations;
  readonly yaml: YamlService;
  readonly metrics: Metrics;
  /** Checks of `/readyz`, by name. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly logger: Logger;
  /** Without a slash at the end; `https://` makes the session cookie Secure. */
  readonly baseUrl: string;
  readonly version: string;
}

/**
 * Adds the API for people and programs: `/api/…`, `/healthz`, `/readyz` and `/metrics`.
 * All of it lives in a scope of its own, so that nothing here changes how other routes behave.
 *
 * @param app made with `createServerOptions`
 */
export async function registerApi(app: FastifyInstance, dependencies: ApiDependencies): Promise<void> {
  await app.register(async (scope) => {
    setErrorBoundary(scope, dependencies.logger);
    addSecurityHeaders(scope);
    setJsonParser(scope);
    scope.setValidatorCompiler(validatorCompiler);
    // Answers are typed by the compiler; checking each again at run time would only cost time.
    scope.setSerializerCompiler(() => (data) => JSON.stringify(data));
    await registerOpenApi(scope, dependencies);
    registerOperationRoutes(scope, dependencies);
    registerDocsPage(scope, dependencies.logger);
    await scope.register((api) => registerApiTree(api, dependencies), { prefix: "/api" });
  });
}

async function registerApiTree(scope: FastifyInstance, dependencies: ApiDependencies): Promise<void> {
  scope.setNotFoundHandler(throwNotFound);
  registerOpenApiRoute(scope);
  await scope.register((version) => registerVersion1(version, dependencies), { prefix: "/v1" });
}

async function registerVersion1(scope: FastifyInstance, dependencies: ApiDependencies): Promise<void> {
  await scope.register(cookie);
  const authentication = createAuthentication(dependencies.accounts, dependencies.baseUrl);
  const all = { ...dependencies, authentication };
  registerSessionRoutes(scope, all);
  await scope.register(async (signedIn) => {
    signedIn.addHook("onRequest", authentication.authenticate);
    // Each model says itself who may do what.
    await signedIn.register(async (collections) => registerRecordRoutes(collections, all));
    registerRunRoutes(signedIn, all);
    registerServerRoutes(signedIn, all);
    await signedIn.register(async (root) => {
      root.addHook("onRequest", authentication.requireRoot);
      registerSettingsRoutes(root, all);
      registerWebhookLogRoutes(root, all);
      await root.register(async (transfer) => registerTransferRoutes(transfer, all));
    });
  });
}
