import type { Core } from "../core.ts";
import { createLogger } from "../lib/logger.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { readSettings } from "../settings/settings.ts";
import { warn } from "./output.ts";

/**
 * Runs `work` on the database that the server with the same settings uses. An empty database gets
 * its first user as it does when the server starts.
 *
 * @param compiles whether code is saved, which takes a sandbox; it starts when the first code comes
 */
export async function withCore<T>(
  env: NodeJS.ProcessEnv,
  { compiles }: { readonly compiles: boolean },
  work: (core: Core) => Promise<T>,
): Promise<T> {
  const settings = readSettings(env);
  // What the process logs is for servers: here a failure is one line, printed by the command.
  const logger = createLogger("fatal");
  const { openCore } = await import("../core.ts");
  const openSandbox = compiles ? (await import("../app.ts")).openSandbox : null;
  let sandbox: Sandbox | undefined;
  const getSandbox = (): Sandbox => {
    if (!openSandbox) throw new Error("a command that saves code must say so");
    sandbox ??= openSandbox(settings, logger);
    return sandbox;
  };
  try {
    await using core = await openCore(settings, logger, getSandbox);
    const admin = await core.accounts.ensureAdmin({ password: settings.adminPassword, token: settings.adminToken });
    if (admin?.generatedPassword) {
      warn(`first start: user ${admin.login} has password ${admin.generatedPassword} (shown only now)`);
    }
    return await work(core);
  } finally {
    await sandbox?.close(0);
  }
}
