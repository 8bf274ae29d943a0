import Fastify, { type FastifyInstance } from "fastify";
import { registerApi } from "./api/api.ts";
import { createMetrics, type CountedCall } from "./api/metrics.ts";
import { createServerOptions } from "./api/server-options.ts";
import { createCallLogWriter } from "./calls/call-log.writer.ts";
import { createRetention } from "./calls/retention.job.ts";
import { openCore, type Core } from "./core.ts";
import { createEngine } from "./engine.ts";
import { createAdmissionControl } from "./intake/admission.ts";
import { createIntakeHandler, INTAKE_PREFIX } from "./intake/http-handler.ts";
import { createManualCalls } from "./intake/manual-calls.ts";
import type { AnsweredCall, Intake } from "./intake/receive.ts";
import type { Logger } from "./lib/logger.ts";
import { createServer } from "./lib/node-http.ts";
import { runShutdown } from "./lib/shutdown.ts";
import { openSandbox } from "./open-sandbox.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Settings } from "./settings/settings.ts";
import type { Runs } from "./tower/runs/runs.ts";
import { version } from "./version.ts";
import { createRouteTable } from "./webhooks/route-table.ts";

/** The whole tower, listening. */
export interface Tower extends AsyncDisposable {
  /** Where it can be reached, without a slash at the end. */
  readonly url: string;
  readonly core: Core;
  readonly sandbox: Sandbox;
  readonly runs: Runs;
  /** What the first start made; null at every other. */
  readonly admin: { readonly login: string; readonly generatedPassword: string | null } | null;
}

const CALLS_GRACE_MS = 35_000;
const STEP_GRACE_MS = 10_000;
/** Longer commands are stopped on their servers: whoever ends the tower is waiting. */
const RUNS_GRACE_MS = 10_000;
/** A sender that needs longer for its request than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 15_000;
/**
 * Longer than proxies keep an idle connection (60 s is common): the side that closes first must be the
 * one that sends, or a call can meet a connection that is just being closed. Node's default is 5 s.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/**
 * Connections that wait to be accepted; the kernel lowers it to its own limit (`net.core.somaxconn`, 4096 on
 * Linux). With Node's default of 511 half of 1,000 senders that came at once connected 1 s late: a connection
 * that finds the queue full is tried again only then.
 */
const LISTEN_BACKLOG = 4096;

/**
 * The composition root: the only place where parts are built and connected.
 *
 * @param sandbox one that starts already; it is the tower's from here on
 * @throws SettingsError, or an Error in one clear line, when it cannot start
 */
export async function startTower(
  settings: Settings,
  logger: Logger,
  sandbox = openSandbox(settings, logger),
): Promise<Tower> {
  let core: Core | undefined;
  try {
    core = await openCore(settings, logger, () => sandbox);
    return await listen(core, sandbox, logger);
  } catch (error) {
    await sandbox.close(0);
    await core?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function listen(core: Core, sandbox: Sandbox, logger: Logger): Promise<Tower> {
  const { settings, db, clock } = core;
  const admin = await core.accounts.ensureAdmin({ password: settings.adminPassword, token: settings.adminToken });

  const routes = await createRouteTable({ db, secrets: core.secrets, sandbox });
  db.onConfigurationChange(routes.reload);
  const log = createCallLogWriter(db, logger);
  const engine = createEngine(core, sandbox, logger);
  const admission = createAdmissionControl(settings.maxCallsPerWebhook, clock);
  const intake: Intake = {
    routes,
    sandbox,
    guest: engine.guest,
    log,
    admission,
    clock,
    limits: { maxMessageBytes: settings.maxMessageBytes },
  };
  const metrics = createMetrics();
  metrics.watch({ callLogQueue: () => log.waiting, jobs: engine.jobs.count, sandbox: sandbox.status });
  const handleCall = createIntakeHandler({
    intake,
    maxBodyBytes: settings.maxBodyBytes,
    logger,
    isClosing: () => !app.server.listening,
    onStart: metrics.callStarted,
    onEnd: (call) => metrics.callFinished(call && countCall(call)),
  });

  const app = Fastify({
    ...createServerOptions(logger),
    // Calls go straight to the intake; the framework serves people and programs.
    serverFactory: (handleOther) =>
      createServer(
        {
          requestTimeout: REQUEST_TIMEOUT_MS,
          headersTimeout: HEADERS_TIMEOUT_MS,
          keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        },
        (request, response) => {
          request.url = toOriginForm(request.url ?? "/");
          if (request.url.startsWith(INTAKE_PREFIX)) handleCall(request, response);
          else handleOther(request, response);
        },
      ),
  });
  const baseUrl = settings.baseUrl ?? `http://${displayHost(settings.host)}:${settings.port}`;
  await registerApi(app, {
    accounts: core.accounts,
    records: core.records,
    models: core.models,
    settings: core.towerSettings,
    calls: core.callLog,
    manualCalls: createManualCalls({ intake, calls: core.callLog, secrets: core.secrets }),
    operations: engine.operations,
    yaml: core.yaml,
    metrics,
    readiness: { database: () => db.ping(2000), sandbox: () => sandbox.status().ready },
    logger,
    baseUrl,
    version,
  });
  app.get("/", (_request, reply) => reply.redirect("/api/docs"));
  await app.listen({ host: settings.host, port: settings.port, backlog: LISTEN_BACKLOG });

  engine.start();
  const retention = createRetention({
    db,
    clock,
    logger,
    readDays: async () => (await core.towerSettings.get()).webhook_log_duration,
  });
  retention.start();
  core.records.onDelete((model) => {
    if (model.name === "webhook") retention.runSoon();
  });

  return {
    url: settings.baseUrl ?? `http://${displayHost(settings.host)}:${boundPort(app)}`,
    core,
    sandbox,
    runs: engine.runs,
    admin,
    [Symbol.asyncDispose]: () =>
      runShutdown(
        [
          // Calls in flight finish and are answered; then the runners, then the database.
          { name: "answer the calls in flight", timeoutMs: CALLS_GRACE_MS, run: () => app.close() },
          { name: "stop the retention job", timeoutMs: STEP_GRACE_MS, run: retention.stop },
          {
            name: "end the commands",
            timeoutMs: RUNS_GRACE_MS + STEP_GRACE_MS,
            run: () => engine.closing.runs(RUNS_GRACE_MS),
          },
          { name: "give back the jobs", timeoutMs: STEP_GRACE_MS, run: () => engine.closing.jobs(STEP_GRACE_MS / 2) },
          { name: "end the runners", timeoutMs: STEP_GRACE_MS, run: () => sandbox.close(STEP_GRACE_MS / 2) },
          { name: "end the connections", timeoutMs: STEP_GRACE_MS, run: engine.closing.connections },
          { name: "write the call log", timeoutMs: STEP_GRACE_MS, run: log.flush },
          { name: "close the database", timeoutMs: STEP_GRACE_MS, run: () => db.close() },
        ],
        logger,
      ),
  };
}

function countCall({ route, verdict, durationMs }: AnsweredCall): CountedCall {
  return {
    webhook: route?.reference ?? null,
    httpStatus: verdict.reply.status,
    authentication: verdict.authenticationStatus,
    code: verdict.codeStatus,
    durationMs,
  };
}

function boundPort(app: FastifyInstance): number {
  const address = app.server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A target with scheme and host, as a proxy would be sent, is one that servers must take (RFC 9112, 3.2.2). */
function toOriginForm(target: string): string {
  if (target.startsWith("/")) return target;
  return target.replace(/^https?:\/\/[^/?#]*/i, "") || "/";
}

/** A wildcard address is nothing a browser can open. */
function displayHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
