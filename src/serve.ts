import { setImmediate } from "node:timers/promises";
import type { Tower } from "./app.ts";
import { createLogger, type Logger } from "./lib/logger.ts";
import { openSandbox } from "./open-sandbox.ts";
import { findUnknownVariables, type Settings } from "./settings/settings.ts";

/**
 * Runs the tower until SIGINT or SIGTERM, and then ends it without dropping a call. A second
 * signal ends the process at once.
 *
 * @returns the exit code
 * @throws SettingsError, or an Error in one clear line, when it cannot start
 */
export async function serve(settings: Settings, env: NodeJS.ProcessEnv): Promise<number> {
  const logger = createLogger(settings.logLevel);
  for (const name of findUnknownVariables(env)) logger.warn(`${name} is not a setting of Hooktower`);
  const stopped = nextSignal();
  const tower = await start(settings, logger);
  process.stdout.write(greeting(tower.url, tower.admin));
  const signal = await stopped;
  logger.info({ signal }, "stopping");
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  await tower[Symbol.asyncDispose]();
  return 0;
}

/** The runners start on the other cores while this one loads the rest: a thousand files, half a second. */
async function start(settings: Settings, logger: Logger): Promise<Tower> {
  const sandbox = openSandbox(settings, logger);
  // Loading holds the event loop: without this turn the runners would start 60 ms later.
  await setImmediate();
  const { startTower } = await import("./app.ts");
  return startTower(settings, logger, sandbox);
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  });
}

function greeting(url: string, admin: { login: string; generatedPassword: string | null } | null): string {
  const lines = [
    `Hooktower is at ${url}`,
    `  calls arrive at ${url}/cetmix_tower_webhooks/<endpoint>`,
    `  API: ${url}/api/docs`,
  ];
  if (admin) {
    const password = admin.generatedPassword;
    lines.push(
      password === null
        ? `  First start: sign in as ${admin.login} with the password from HOOKTOWER_ADMIN_PASSWORD`
        : `  First start: sign in as ${admin.login} with password ${password} (shown only now)`,
    );
  }
  return `${lines.join("\n")}\n`;
}
