import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import {
  towerSettingsChangeSchema,
  towerSettingsSchema,
  type TowerSettingsService,
} from "../settings/tower-settings.service.ts";
import type { Authentication } from "./authentication.ts";
import { ok, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { withoutUndefined } from "./without-undefined.ts";

export interface SettingsRoutesDependencies {
  readonly settings: TowerSettingsService;
  readonly authentication: Authentication;
}

/** General Settings. For a scope where only Root gets in. */
export function registerSettingsRoutes(scope: FastifyInstance, dependencies: SettingsRoutesDependencies): void {
  const { settings, authentication } = dependencies;
  const routes = scope.withTypeProvider<ZodTypeProvider>();
  const common = { tags: ["Settings"], security: SIGNED_IN };

  routes.get("/settings", {
    schema: {
      ...common,
      operationId: "getSettings",
      summary: "Read the general settings",
      response: { ...ok("The settings", towerSettingsSchema), ...problemResponses("unauthenticated", "forbidden") },
    },
    handler: () => settings.get(),
  });

  routes.patch("/settings", {
    schema: {
      ...common,
      operationId: "updateSettings",
      summary: "Change general settings",
      body: towerSettingsChangeSchema,
      response: {
        ...ok("The settings as they are now", towerSettingsSchema),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden"),
      },
    },
    handler: (request) => settings.update(withoutUndefined(request.body), authentication.getAccount(request)),
  });
}
