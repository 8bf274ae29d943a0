import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenApiDocument, OpenApiOperation } from "../../src/api/openapi-components.ts";
import { models } from "../../src/models.ts";
import { collectionPath } from "../../src/records/model.ts";
import { startApi, type ApiFixture } from "./support.ts";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

/** Whoever adds a route that needs no sign-in has to name it here. */
const PUBLIC_ROUTES = [
  "GET /api/openapi.json",
  "GET /cetmix_tower_webhooks/{endpoint}",
  "GET /healthz",
  "GET /metrics",
  "GET /readyz",
  "POST /api/v1/session",
  "POST /cetmix_tower_webhooks/{endpoint}",
];
/** Everybody who is signed in may use these. */
const ROUTES_OF_ALL_GROUPS = ["GET /api/v1/session", "DELETE /api/v1/session"];
/** Records that groups below Root have rights on; which of them, test/records/access.test.ts tells. */
const SHARED_PATHS = models.all
  .filter(({ access }) => access.user !== undefined || access.manager !== undefined)
  .map((model) => `/api/v1/${collectionPath(model)}`);

describe("the OpenAPI document", () => {
  let api: ApiFixture;
  let document: OpenApiDocument;
  let routes: Route[];

  beforeAll(async () => {
    api = await startApi();
    await api.addUser("user");
    await api.addUser("manager");
    document = (await api.request(null, "GET", "/api/openapi.json")).json();
    routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  });
  afterAll(async () => api[Symbol.asyncDispose]());

  const nameOf = (route: Route) => `${route.method} ${route.path}`;
  const urlOf = (route: Route) => route.path.replace(/\{\w+\}/g, "any");
  const isPublic = (route: Route) =>
    route.operation.security?.length === 0 || route.operation.security?.some((way) => Object.keys(way).length === 0);

  it("has every route of the API, and no other", () => {
    const registered = api.routes.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, "{$1}")}`);
    const documented = routes.map(nameOf).filter((name) => !name.includes("cetmix_tower_webhooks"));
    expect(documented.toSorted()).toEqual(registered.toSorted());
  });

  it("names the routes that need no sign-in", () => {
    expect(routes.filter(isPublic).map(nameOf).toSorted()).toEqual(PUBLIC_ROUTES);
  });

  it("is true about sign-in: without it, every other route answers 401", async () => {
    for (const route of routes.filter((candidate) => !isPublic(candidate))) {
      const answer = await api.request(null, route.method, urlOf(route));
      expect(answer.statusCode, nameOf(route)).toBe(401);
      expect(answer.json(), nameOf(route)).toMatchObject({ type: "urn:hooktower:error:unauthenticated" });
      expect(Object.keys(route.operation.responses)).toContain("401");
    }
  });

  it.each(["user", "manager"])("answers 403 to group %s on every route that is for Root", async (group) => {
    const isShared = ({ path }: Route) =>
      SHARED_PATHS.some((shared) => path === shared || path.startsWith(`${shared}/`));
    const guarded = routes.filter(
      (route) => !isPublic(route) && !isShared(route) && !ROUTES_OF_ALL_GROUPS.includes(nameOf(route)),
    );
    expect(guarded.length).toBeGreaterThan(25);
    for (const route of guarded) {
      const answer = await api.request(group, route.method, urlOf(route));
      expect(answer.statusCode, nameOf(route)).toBe(403);
      expect(answer.json(), nameOf(route)).toMatchObject({ type: "urn:hooktower:error:forbidden" });
      expect(Object.keys(route.operation.responses)).toContain("403");
    }
  });

  it("is OpenAPI 3.1 in structure", () => {
    expect(document.openapi).toBe("3.1.0");
    const ids = routes.map((route) => route.operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const route of routes) {
      const { operation } = route;
      expect(operation.summary, nameOf(route)).toMatch(/\w/);
      expect(operation.tags?.length, nameOf(route)).toBe(1);
      const declared = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === "path")
        .map(({ name }) => name);
      expect(declared, nameOf(route)).toEqual([...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
      for (const response of Object.values(operation.responses)) expect(response).toHaveProperty("description");
      for (const way of operation.security ?? []) {
        for (const scheme of Object.keys(way)) expect(document.components["securitySchemes"]).toHaveProperty(scheme);
      }
    }
  });

  it("has no reference that points nowhere", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(document.components.schemas).toHaveProperty([reference.split("/").at(-1) ?? ""]);
    }
  });

  it("marks what is written and never read", () => {
    const property = (schema: string, name: string) =>
      JSON.stringify((document.components.schemas[schema] as { properties: Record<string, unknown> }).properties[name]);
    expect(property("KeyCreate", "secret_value")).toContain('"writeOnly":true');
    expect(property("UserCreate", "password")).toContain('"writeOnly":true');
    expect(property("Key", "secret_value")).toBeUndefined();
    expect(property("User", "password")).toBeUndefined();
  });

  it("is shown by a page that loads nothing from elsewhere", async () => {
    for (const url of ["/api/docs", "/api/docs/"]) {
      const page = await api.request(null, "GET", url);
      expect(page.statusCode).toBe(200);
      expect(page.headers["content-security-policy"]).toMatch(/default-src 'none'.*connect-src 'self'/);
      const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
        (match) => new URL(match[1] ?? "", `http://localhost${url}`),
      );
      expect(loaded.length).toBeGreaterThan(3);
      for (const { host, pathname } of loaded) {
        expect(host).toBe("localhost");
        expect((await api.request(null, "GET", pathname)).statusCode, pathname).toBe(200);
      }
    }
    const settings = await api.request(null, "GET", "/api/docs/static/swagger-initializer.js");
    expect(settings.body).toContain("validatorUrl: null");
    expect((await api.request(null, "GET", "/api/docs/json")).json()).toEqual(document);
  });
});
