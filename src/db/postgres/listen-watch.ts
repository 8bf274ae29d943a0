import { Client, type ClientConfig } from "pg";
import { coerceError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { ConfigurationWatch } from "../configuration.ts";

export const CHANNEL = "hooktower_configuration";

const FIRST_RETRY_DELAY_MS = 100;
const LAST_RETRY_DELAY_MS = 10_000;
/** How often to ask for the version: finds out that a connection died without a word (a firewall, a pulled plug). */
const HEARTBEAT_MS = 30_000;
const QUERY_TIMEOUT_MS = 10_000;

/**
 * Hears other processes' changes through LISTEN, on a connection of its own. After each connect the version
 * is read too, so that a change made while nobody listened is not lost.
 */
export function createListenWatch(config: ClientConfig, logger: Logger): ConfigurationWatch {
  /** Ends the watching that `start` began; null when none is. */
  let end: (() => Promise<void>) | null = null;

  function start(onVersion: (version: number) => void): void {
    const stopped = new AbortController();
    const running = watch(stopped.signal, onVersion);
    end = () => {
      stopped.abort();
      return running;
    };
  }

  async function watch(signal: AbortSignal, onVersion: (version: number) => void): Promise<void> {
    let delayMs = FIRST_RETRY_DELAY_MS;
    while (!signal.aborted) {
      try {
        await listen(signal, onVersion, () => (delayMs = FIRST_RETRY_DELAY_MS));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn(
          { err: coerceError(error), retryMs: delayMs },
          "Not hearing of configuration changes; connecting again",
        );
        await pause(delayMs, signal);
        delayMs = Math.min(delayMs * 2, LAST_RETRY_DELAY_MS);
      }
    }
  }

  /** One connection, from its first word until it is lost (throws) or `signal` ends it (returns). */
  async function listen(signal: AbortSignal, onVersion: (version: number) => void, onReady: () => void): Promise<void> {
    const client = new Client({ ...config, query_timeout: QUERY_TIMEOUT_MS });
    const lost = new Promise<never>((_, reject) => {
      client.on("error", reject);
      client.on("end", () => reject(new Error("The connection ended")));
    });
    // It may be lost while nobody awaits it, below or before.
    lost.catch(() => undefined);
    client.on("notification", ({ payload }) => onVersion(Number(payload)));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      while (!signal.aborted) {
        onVersion(await readVersion(client));
        onReady();
        await Promise.race([lost, pause(HEARTBEAT_MS, signal)]);
      }
    } finally {
      await client.end();
    }
  }

  async function stop(): Promise<void> {
    const ending = end?.();
    end = null;
    await ending;
  }

  return { start, stop };
}

async function readVersion(client: Client): Promise<number> {
  const { rows } = await client.query<{ version: number }>("select version from configuration_version");
  return rows[0]?.version ?? 0;
}

/** Resolves after `delayMs`, or as soon as `signal` is aborted. Does not keep the process alive. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const timer = setTimeout(resolve, delayMs).unref();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
