import Fastify, { type FastifyInstance, type LightMyRequestResponse } from "fastify";
import { registerApi } from "../../src/api/api.ts";
import { createMetrics } from "../../src/api/metrics.ts";
import { createServerOptions } from "../../src/api/server-options.ts";
import type { Operations } from "../../src/tower/operations.ts";
import type { CallLog, CallQuery, CallView } from "../../src/calls/call.ts";
import type { ManualCalls } from "../../src/intake/intake.ts";
import { HooktowerError } from "../../src/lib/errors.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";
import { models } from "../../src/models.ts";
import { createRecords } from "../../src/records/records.service.ts";
import { createYamlService } from "../../src/records/yaml.service.ts";
import { createSecretCipher } from "../../src/records/secret-cipher.ts";
import { createTowerSettings } from "../../src/settings/tower-settings.service.ts";
import { createAccounts } from "../../src/users/accounts.service.ts";
import { createPasswords } from "../../src/users/passwords.ts";
import { createSqliteDatabases } from "../support/databases.ts";

/** Hashing a password as in production takes a fifth of a second of a core. */
export const CHEAP_COST = { N: 16, r: 1, p: 1 };

export const ADMIN_PASSWORD = "admin-password";
export const BASE_URL = "https://tower.example.com";

export const CALL: CallView = {
  id: "0193d2f0-0000-7000-8000-000000000001",
  create_date: "2026-11-24T12:00:00.000Z",
  webhook_id: "deploy",
  authenticator_id: "deploy_token",
  endpoint: "deploy",
  request_method: "post",
  request_headers: { Host: "tower.example.com" },
  request_query: "",
  request_payload: { branch: "main" },
  raw_body: '{"branch": "main"}',
  raw_body_encoding: "utf8",
  ip_address: "192.0.2.1",
  country_code: null,
  authentication_status: "success",
  code_status: "success",
  http_status: 200,
  result_message: "ok",
  error_message: null,
  error_traceback: null,
  code_log: [],
  user_id: "admin",
  duration_ms: 1.5,
  attempt: 1,
  replay_of: null,
  test: false,
};

/** What other rooms were asked. They have tests of their own; here the question matters is what the API asks. */
export interface Asked {
  callQueries: CallQuery[];
  runs: unknown[];
  replays: unknown[];
}

export async function startApi(
  options: { logger?: Logger; readiness?: Record<string, () => boolean | Promise<boolean>> } = {},
) {
  const logger = options.logger ?? silentLogger;
  const time = { now: Date.parse("2026-11-24T12:00:00Z") };
  const clock = { now: () => time.now };
  const db = await createSqliteDatabases().openFreshDatabase();
  const passwords = createPasswords(CHEAP_COST);
  const accounts = createAccounts({ db, clock, passwords, logger });
  const cipher = createSecretCipher("a key of the tests");
  const checkCode = async (_program: string, source: string) =>
    source.includes("syntax error") ? "line 1: invalid syntax" : null;
  const records = createRecords({ db, models, cipher, clock, hashPassword: passwords.hash, checkCode });
  const yaml = createYamlService({ records, models });
  const settings = createTowerSettings({ db, clock });
  const metrics = createMetrics({ withProcess: false });
  const asked: Asked = { callQueries: [], runs: [], replays: [] };
  const app: FastifyInstance = Fastify({ ...createServerOptions(logger) });
  const routes: Array<{ method: string; url: string }> = [];
  app.addHook("onRoute", ({ method, url }) => {
    const isPage = url.startsWith("/api/docs") || url.endsWith("/*");
    for (const one of [method].flat()) if (one !== "HEAD" && !isPage) routes.push({ method: one, url });
  });
  await registerApi(app, {
    accounts,
    records,
    models,
    settings,
    yaml,
    metrics,
    logger,
    ...makeNeighbours(asked),
    readiness: options.readiness ?? { database: () => db.ping(1000), sandbox: () => true },
    baseUrl: BASE_URL,
    version: "0.0.0",
  });
  await app.ready();
  await accounts.ensureAdmin({ password: ADMIN_PASSWORD });
  const tokens: Record<string, string> = { root: await accounts.createApiToken("admin", "test") };

  const fixture = {
    app,
    db,
    accounts,
    records,
    models,
    settings,
    metrics,
    asked,
    time,
    tokens,
    routes,
    /** A request with the token of a group; null: with none. */
    async request(
      as: string | null,
      method: string,
      url: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<LightMyRequestResponse> {
      return app.inject({
        method: method as "GET",
        url,
        headers: { ...(as !== null && { authorization: `Bearer ${tokens[as]}` }), ...headers },
        ...(body !== undefined && { payload: body as object }),
      });
    },
    /** Makes a user named after its group, with a token. */
    async addUser(group: "user" | "manager"): Promise<void> {
      const values = { login: group, name: group, password: `${group}-password`, group };
      const made = await fixture.request("root", "POST", "/api/v1/users", values);
      if (made.statusCode !== 201) throw new Error(made.body);
      tokens[group] = await accounts.createApiToken(group, "test");
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await db[Symbol.asyncDispose]();
    },
  };
  return fixture;
}

export type ApiFixture = Awaited<ReturnType<typeof startApi>>;

function makeNeighbours(asked: Asked): { calls: CallLog; manualCalls: ManualCalls; operations: Operations } {
  return {
    calls: {
      async list(query) {
        asked.callQueries.push(query);
        return { items: [CALL], nextCursor: "next" };
      },
      find: async (id) => (id === CALL.id ? CALL : null),
      listAfter: async () => [],
    },
    manualCalls: {
      async run(reference, call, actor) {
        asked.runs.push({ reference, call, login: actor.login });
        if (reference !== "deploy") throw new HooktowerError("not_found", `There is no webhook ${reference}`);
        return { ...CALL, test: true };
      },
      async replay(id, actor) {
        asked.replays.push({ id, login: actor.login });
        return { ...CALL, replay_of: id };
      },
    },
    // What they do takes servers: see test/tower/operations.test.ts.
    operations: {
      runCommand: nothingHere,
      runPlan: nothingHere,
      stopRun: nothingHere,
      checkServer: nothingHere,
      readHostKey: nothingHere,
      trustHostKey: nothingHere,
      moveFile: nothingHere,
      refreshServerLog: nothingHere,
      runShortcut: nothingHere,
      createServer: nothingHere,
    },
  };
}

async function nothingHere(): Promise<never> {
  throw new HooktowerError("not_found", "There are no servers here");
}
