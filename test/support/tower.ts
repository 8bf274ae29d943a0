import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTower, type Tower } from "../../src/app.ts";
import type { CallView } from "../../src/calls/call.ts";
import { silentLogger, type Logger } from "../../src/lib/logger.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { createHttpClient, type Answer, type CallInit } from "./http-client.ts";

export const ADMIN_TOKEN = "admin-token-of-the-tests";
export const ADMIN_PASSWORD = "admin-password-of-the-tests";
/** Lets everybody in. */
export const ALLOW = 'result = {"allowed": True}';
/** What the webhook behind an authenticator says when it ran. */
export const RAN = 'result = {"exit_code": 0, "message": "webhook ran"}';

/** Interpreter images are made once and shared by all towers of all test files. */
const SHARED_CACHE = fileURLToPath(new URL("../../node_modules/.cache/hooktower-test/", import.meta.url));

/** An empty data directory whose interpreter image is shared; disposing of it removes it. */
export async function makeDataDir(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "hooktower-tower-"));
  await mkdir(SHARED_CACHE, { recursive: true });
  await symlink(SHARED_CACHE, join(path, "cache"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** What every tower of a test is started with: as environment variables, as people give them. */
export function towerEnvironment(dataDir: string): Record<string, string> {
  return {
    HOOKTOWER_PORT: "0",
    HOOKTOWER_DATA_DIR: dataDir,
    HOOKTOWER_ADMIN_TOKEN: ADMIN_TOKEN,
    HOOKTOWER_ADMIN_PASSWORD: ADMIN_PASSWORD,
    HOOKTOWER_LOG_LEVEL: "warn",
  };
}

/** Parts of a webhook with its authenticator; the rest has values that let a call through. */
export interface WebhookParts {
  readonly code?: string;
  /** Code of the authenticator. */
  readonly authenticator?: string;
  readonly authenticatorFields?: Readonly<Record<string, unknown>>;
  /** Other fields of the webhook. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface MadeWebhook {
  readonly endpoint: string;
  readonly reference: string;
  readonly authenticator: string;
}

export interface ApiAnswer extends Answer {
  /** The parsed body; null when it is empty. */
  readonly json: unknown;
}

/** Drives a tower over HTTP, wherever it runs. */
export interface TowerClient {
  readonly url: string;
  readonly token: string;
  /** @param path after `/api/v1` */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** As `api`, and fails when the answer is not of the 200s. */
  must<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
  /** Calls an endpoint: a POST with `{}` unless `init` says otherwise. */
  call(endpoint: string, init?: CallInit): Promise<Answer>;
  /** A request to any path. */
  send(path: string, init?: CallInit): Promise<Answer>;
  /** The newest logged call that fits. */
  lastCall(filter: Readonly<Record<string, string>>): Promise<CallView>;
  /** The row that an answer's call left. */
  logOf(answer: Answer): Promise<CallView>;
  /** A webhook with an authenticator of its own, at an endpoint of its own. */
  addWebhook(parts?: WebhookParts): Promise<MadeWebhook>;
  addSecret(reference: string, value: string): Promise<void>;
  close(): void;
}

export function createTowerClient(url: string, token: string = ADMIN_TOKEN): TowerClient {
  const http = createHttpClient(url);
  let made = 0;

  async function api(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const answer = await http.send(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { "Content-Type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { ...answer, json: answer.text === "" ? null : JSON.parse(answer.text) };
  }

  async function must<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await api(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer.json as T;
  }

  const client: TowerClient = {
    url,
    token,
    api,
    must,
    send: http.send,
    call: (endpoint, init = {}) =>
      http.send(`/cetmix_tower_webhooks/${endpoint}`, {
        ...init,
        body: init.body === undefined && (init.method ?? "POST") === "POST" ? "{}" : (init.body ?? null),
      }),
    async lastCall(filter) {
      const query = new URLSearchParams({ ...filter, limit: "1" });
      const { items } = await must<{ items: CallView[] }>("GET", `/webhook-logs?${query}`);
      const [newest] = items;
      if (!newest) throw new Error(`no call was logged for ${query}`);
      return newest;
    },
    logOf: (answer) => must<CallView>("GET", `/webhook-logs/${answer.id}`),
    async addWebhook({ code = RAN, authenticator = ALLOW, authenticatorFields = {}, fields = {} } = {}) {
      made += 1;
      const name = `w${made}_${Math.random().toString(36).slice(2, 8)}`;
      await must("POST", "/webhook-authenticators", {
        name,
        reference: name,
        code: authenticator,
        ...authenticatorFields,
      });
      const values = { name, reference: name, endpoint: name, authenticator_id: name, code, ...fields };
      const webhook = await must<{ endpoint: string; reference: string }>("POST", "/webhooks", values);
      return { endpoint: webhook.endpoint, reference: webhook.reference, authenticator: name };
    },
    async addSecret(reference, value) {
      await must("POST", "/keys", { name: reference, reference, secret_value: value });
    },
    close: http.close,
  };
  return client;
}

export interface TestTower extends TowerClient, AsyncDisposable {
  readonly dataDir: string;
  readonly tower: Tower;
}

/** A real tower in this process: on a free port, with an empty SQLite database and a real sandbox. */
export async function startTestTower(
  env: Readonly<Record<string, string>> = {},
  options: { readonly logger?: Logger } = {},
): Promise<TestTower> {
  const dataDir = await makeDataDir();
  const settings = readSettings({ ...towerEnvironment(dataDir.path), ...env });
  const tower = await startTower(settings, options.logger ?? silentLogger);
  const client = createTowerClient(tower.url);
  await untilReady(client);
  return {
    ...client,
    dataDir: dataDir.path,
    tower,
    async [Symbol.asyncDispose]() {
      client.close();
      await tower[Symbol.asyncDispose]();
      await dataDir[Symbol.asyncDispose]();
    },
  };
}

/** @throws Error when it is not ready in time */
export async function untilReady(client: Pick<TowerClient, "send">, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await client.send("/readyz", { method: "GET" }).catch(() => null);
    if (answer?.status === 200) return;
    if (performance.now() > end) throw new Error(`not ready after ${timeoutMs} ms: ${answer?.text ?? "no answer"}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
