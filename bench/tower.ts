import type { ChildProcess } from "node:child_process";
import type { Writable } from "node:stream";
import type { LoadResult } from "./load.ts";
import { firstLine, here, start, waitUntil } from "./processes.ts";
import { makeRequest } from "./push.ts";

/** A tower under test: started as users start it, set up over REST, called over HTTP. */

const TOKEN = "bench-token-0123456789abcdef";
export const PREFIX = "/cetmix_tower_webhooks/";

const LAUNCHER = here("../bin/hooktower.js");

/** Starts a tower and waits until it is ready. */
export async function startTower(...args: Parameters<typeof startTowerAt>): Promise<ChildProcess> {
  const tower = startTowerAt(...args);
  await waitUntil(async () => (await fetch(`http://127.0.0.1:${args[0]}/readyz`)).ok);
  return tower;
}

/** Starts a tower and waits for nothing. */
export function startTowerAt(
  port: number,
  dataDir: string,
  env: NodeJS.ProcessEnv = {},
  launcher = LAUNCHER,
): ChildProcess {
  return start([launcher, "serve"], {
    PATH: process.env["PATH"],
    HOOKTOWER_PORT: String(port),
    HOOKTOWER_DATA_DIR: dataDir,
    HOOKTOWER_ADMIN_TOKEN: TOKEN,
    HOOKTOWER_LOG_LEVEL: "fatal",
    ...env,
  });
}

export async function create(port: number, collection: string, record: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${collection}`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(record),
  });
  if (response.status !== 201) throw new Error(`setting up ${collection}: ${response.status} ${await response.text()}`);
}

/** @param path after `/api/v1/` */
export async function read<T>(port: number, path: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  if (!response.ok) throw new Error(`reading ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Sends the push over and over from a process of its own. */
export async function load(port: number, path: string, connections: number, duration: number): Promise<LoadResult> {
  const generator = start([here("./load.ts")]);
  const request = makeRequest(path, port).toString("base64");
  (generator.stdin as Writable).end(JSON.stringify({ port, connections, seconds: duration, request }));
  return JSON.parse(await firstLine(generator)) as LoadResult;
}

/** The same, where anything but 2xx means that the measurement is worth nothing. */
export async function loadCleanly(...args: Parameters<typeof load>): Promise<LoadResult> {
  const result = await load(...args);
  if (result.errors > 0) throw new Error(`${result.errors} of ${result.calls} calls failed`);
  return result;
}
