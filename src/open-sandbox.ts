import { join } from "node:path";
import type { Logger } from "./lib/logger.ts";
import { createSandbox } from "./sandbox/create-sandbox.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Settings } from "./settings/settings.ts";

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
