import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { HooktowerError } from "../lib/errors.ts";
import { GROUPS } from "../records/access.ts";
import type { Account } from "../users/account.ts";
import { SESSION_LIFETIME_MS, type Accounts } from "../users/accounts.service.ts";
import { SESSION_COOKIE, type Authentication } from "./authentication.ts";
import { noContent, ok, SIGNED_IN } from "./openapi-parts.ts";
import { BODY_PROBLEMS, problemResponses } from "./problem.ts";
import { findRequestOrigin } from "./same-origin.ts";

const credentialsSchema = z
  .strictObject({ login: z.string(), password: z.string().meta({ writeOnly: true }) })
  .meta({ id: "Credentials", title: "Credentials", examples: [{ login: "admin", password: "correct horse" }] });

const sessionSchema = z
  .object({ login: z.string(), name: z.string(), group: z.enum(GROUPS) })
  .meta({ id: "Session", title: "Session", examples: [{ login: "admin", name: "Administrator", group: "root" }] });

export interface SessionRoutesDependencies {
  readonly accounts: Accounts;
  readonly authentication: Authentication;
  readonly baseUrl: string;
}

/** Signing in and out of the web app, and who one is. */
export function registerSessionRoutes(scope: FastifyInstance, dependencies: SessionRoutesDependencies): void {
  const { accounts, authentication, baseUrl } = dependencies;
  const cookie = {
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: baseUrl.startsWith("https://"),
  } satisfies CookieSerializeOptions;
  const routes = scope.withTypeProvider<ZodTypeProvider>();

  routes.post("/session", {
    schema: {
      tags: ["Session"],
      operationId: "signIn",
      summary: "Sign in",
      description: "Opens a session and sets its cookie. Programs use an API token instead.",
      security: [],
      body: credentialsSchema,
      response: {
        ...ok("Signed in; the answer sets the cookie", sessionSchema),
        ...problemResponses(...BODY_PROBLEMS, "unauthenticated", "forbidden", "too_many_requests", "unavailable"),
      },
    },
    async handler(request, reply) {
      if (findRequestOrigin(request.headers, baseUrl) === "other") {
        throw new HooktowerError("forbidden", "Only pages of this server may sign a browser in");
      }
      const { login, password } = request.body;
      const { token, account } = await accounts.signIn(login, password, request.ip);
      const earlier = request.cookies[SESSION_COOKIE];
      if (earlier) await accounts.signOut(earlier);
      reply.setCookie(SESSION_COOKIE, token, { ...cookie, maxAge: SESSION_LIFETIME_MS / 1000 });
      return presentAccount(account);
    },
  });

  routes.get("/session", {
    onRequest: authentication.authenticate,
    schema: {
      tags: ["Session"],
      operationId: "getSession",
      summary: "Who am I",
      security: SIGNED_IN,
      response: {
        ...ok("Whose cookie or token came with the request", sessionSchema),
        ...problemResponses("unauthenticated"),
      },
    },
    handler: async (request) => presentAccount(authentication.getAccount(request)),
  });

  routes.delete("/session", {
    onRequest: authentication.authenticate,
    schema: {
      tags: ["Session"],
      operationId: "signOut",
      summary: "Sign out",
      description: "Ends the session of the cookie. An API token stays valid.",
      security: SIGNED_IN,
      response: { ...noContent("Signed out"), ...problemResponses("unauthenticated", "forbidden") },
    },
    async handler(request, reply) {
      const token = request.cookies[SESSION_COOKIE];
      if (token) await accounts.signOut(token);
      return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send();
    },
  });
}

function presentAccount({ login, name, group }: Account) {
  return { login, name, group };
}
