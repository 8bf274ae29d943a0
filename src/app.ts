import { createServer } from "node:http";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { registerApi } from "./api/api.ts";
import { createMetrics, type CountedCall } from "./api/metrics.ts";
import { createServerOptions } from "./api/server-options.ts";
import { createCallLogWriter } from "./calls/call-log.writer.ts";
import { createRetention } from "./calls/retention.job.ts";
import { openCore, type Core } from "./core.ts";
import { createNetworkCalls } from "./guest/network-calls.ts";
import type { Guest } from "./guest/guest.ts";
import type { HostCalls } from "./guest/host-calls.ts";
import { createUnits } from "./guest/records/record-access.ts";
import { createRecordCalls } from "./guest/records/record-calls.ts";
import { serverMethods, towerMethods } from "./guest/records/tower-methods.ts";
import { createAdmissionControl } from "./intake/admission.ts";
import { createIntakeHandler, INTAKE_PREFIX } from "./intake/http-handler.ts";
import { createManualCalls } from "./intake/manual-calls.ts";
import type { AnsweredCall, Intake } from "./intake/receive.ts";
import type { Logger } from "./lib/logger.ts";
import { runShutdown } from "./lib/shutdown.ts";
import { createSandbox } from "./sandbox/create-sandbox.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Settings } from "./settings/settings.ts";
import { version } from "./version.ts";
import { createRouteTable } from "./webhooks/route-table.ts";

/** The whole tower, listening. */
export interface Tower extends AsyncDisposable {
  /** Where it can be reached, without a slash at the end. */
  readonly url: string;
  readonly core: Core;
  readonly sandbox: Sandbox;
  /** What the first start made; null at every other. */
  readonly admin: { readonly login: string; readonly generatedPassword: string | null } | null;
}

const CALLS_GRACE_MS = 35_000;
const STEP_GRACE_MS = 10_000;
/** A sender that needs longer for its request than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 15_000;
/**
 * Longer than proxies keep an idle connection (60 s is common): the side that closes first must be the
 * one that sends, or a call can meet a connection that is just being closed. Node's default is 5 s.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * The composition root: the only place where parts are built and connected.
 *
 * @throws SettingsError, or an Error in one clear line, when it cannot start
 */
export async function startTower(settings: Settings, logger: Logger): Promise<Tower> {
  const sandbox = openSandbox(settings, logger);
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

/** The sandbox as the settings want it. */
export function openSandbox(settings: Settings, logger: Logger): Sandbox {
  return createSandbox({
    runners: settings.pythonRunners,
    cacheDir: join(settings.dataDir, "cache"),
    logger,
    limits: { cpuMs: settings.cpuLimitMs, wallMs: settings.wallLimitMs },
    memoryBytes: settings.runnerMemoryMb * 1024 * 1024,
  });
}

async function listen(core: Core, sandbox: Sandbox, logger: Logger): Promise<Tower> {
  const { settings, db, clock } = core;
  const admin = await core.accounts.ensureAdmin({ password: settings.adminPassword, token: settings.adminToken });

  const routes = await createRouteTable({ db, secrets: core.secrets, sandbox });
  db.onConfigurationChange(routes.reload);
  const log = createCallLogWriter(db, logger);
  const network = createNetworkCalls({
    egress: { allowPrivate: settings.egressAllowPrivate, allow: settings.egressAllow },
    maxResponseBytes: settings.egressMaxResponseBytes,
  });
  const admission = createAdmissionControl(settings.maxCallsPerWebhook, clock);
  const intake: Intake = {
    routes,
    sandbox,
    guest: createGuest(core, network.hostCalls),
    log,
    admission,
    clock,
    limits: { maxMessageBytes: settings.maxMessageBytes },
  };
  const metrics = createMetrics();
  metrics.watch({ callLogQueue: () => log.waiting, sandbox: sandbox.status });
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
    yaml: core.yaml,
    metrics,
    readiness: { database: () => db.ping(2000), sandbox: () => sandbox.status().ready },
    logger,
    baseUrl,
    version,
  });
  app.get("/", (_request, reply) => reply.redirect("/api/docs"));
  await app.listen({ host: settings.host, port: settings.port });

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
    admin,
    [Symbol.asyncDispose]: () =>
      runShutdown(
        [
          // Calls in flight finish and are answered; then the runners, then the database.
          { name: "answer the calls in flight", timeoutMs: CALLS_GRACE_MS, run: () => app.close() },
          { name: "stop the retention job", timeoutMs: STEP_GRACE_MS, run: retention.stop },
          { name: "end the runners", timeoutMs: STEP_GRACE_MS, run: () => sandbox.close(STEP_GRACE_MS / 2) },
          { name: "end the outgoing requests", timeoutMs: STEP_GRACE_MS, run: network.close },
          { name: "write the call log", timeoutMs: STEP_GRACE_MS, run: log.flush },
          { name: "close the database", timeoutMs: STEP_GRACE_MS, run: () => db.close() },
        ],
        logger,
      ),
  };
}

/** What code may ask of the tower beside the network: records, under the rights of its user. */
function createGuest({ records, models }: Core, networkCalls: HostCalls): Guest {
  const methods = { server: serverMethods(models) };
  const tower = towerMethods(models);
  return {
    hostCalls: { ...networkCalls, ...createRecordCalls({ records, models, methods, tower }) },
    openUnit: createUnits(records),
    towerMethods: Object.keys(tower),
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
