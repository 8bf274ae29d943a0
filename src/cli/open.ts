import type { Core } from "../core.ts";
import type { Engine } from "../engine.ts";
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
  work: (core: Core, getSandbox: () => Sandbox) => Promise<T>,
): Promise<T> {
  const settings = readSettings(env);
  // What the process logs is for servers: here a failure is one line, printed by the command.
  const logger = createLogger("fatal");
  const { openCore } = await import("../core.ts");
  const openSandbox = compiles ? (await import("../open-sandbox.ts")).openSandbox : null;
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
    return await work(core, getSandbox);
  } finally {
    await sandbox?.close(0);
  }
}

/**
 * Runs `work` with what runs people's code and commands, in this process: the server need not run. A sandbox
 * is started when the first code comes. Runs that `work` leaves behind are stopped.
 */
export async function withEngine<T>(
  env: NodeJS.ProcessEnv,
  work: (core: Core, engine: Engine) => Promise<T>,
): Promise<T> {
  const { createEngine } = await import("../engine.ts");
  return withCore(env, { compiles: true }, async (core, getSandbox) => {
    const engine = createEngine(core, startWhenUsed(getSandbox), createLogger("fatal"));
    try {
      return await work(core, engine);
    } finally {
      await engine.closing.runs(0);
      await engine.closing.jobs(0);
      await engine.closing.connections();
    }
  });
}

/** Most commands need no interpreter, and starting one takes a second. */
function startWhenUsed(getSandbox: () => Sandbox): Sandbox {
  return {
    prepare: (program) => getSandbox().prepare(program),
    check: (program) => getSandbox().check(program),
    run: (request) => getSandbox().run(request),
    runGated: (first, gate, second) => getSandbox().runGated(first, gate, second),
    status: () => getSandbox().status(),
    close: (graceMs) => getSandbox().close(graceMs),
  };
}
