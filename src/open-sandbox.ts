import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "./lib/logger.ts";
import { createSandbox } from "./sandbox/create-sandbox.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Settings } from "./settings/settings.ts";

/** Where `scripts/build.ts` puts an interpreter's snapshot, so that not even the first start has to make one. */
const INSTALLED_DIR = fileURLToPath(new URL("../node_modules/.cache/hooktower", import.meta.url));

/** The sandbox as the settings want it. */
export function openSandbox(settings: Settings, logger: Logger): Sandbox {
  return createSandbox({
    runners: settings.pythonRunners,
    cacheDir: join(settings.dataDir, "cache"),
    installedDir: INSTALLED_DIR,
    logger,
    limits: { cpuMs: settings.cpuLimitMs, wallMs: settings.wallLimitMs },
    memoryBytes: settings.runnerMemoryMb * 1024 * 1024,
  });
}
