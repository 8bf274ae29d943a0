/** Puts the sandbox together. */

import { createHash } from "node:crypto";
import { pathOfEntry } from "./launch.ts";
import { normalizeLimits, normalizeMemory } from "./limits.ts";
import { createPool } from "./pool.ts";
import { markPlaceholders } from "./python/placeholders.ts";
import { ensureSnapshot } from "./python/snapshot.ts";
import type { PreparedProgram, Program, RunOutcome, Sandbox, SandboxOptions, SourceProblem } from "./sandbox.ts";
import { createCheck, createRun } from "./task.ts";

/**
 * Starts the runners and gives the sandbox without waiting for them (the first start ever takes some
 * seconds, later ones less than one): `status().ready` tells when one is up, runs wait for it.
 * Throws RangeError for an option that makes no sense.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { cacheDir, logger } = options;
  if (!Number.isInteger(options.runners) || options.runners < 1)
    throw new RangeError("runners must be a whole number above 0");
  const limits = normalizeLimits(options.limits);
  const memoryBytes = normalizeMemory(options.memoryBytes);
  const findSnapshot = () => ensureSnapshot(cacheDir, logger);
  const { runners } = options;
  const pool = createPool({
    runners,
    entry: pathOfEntry("runner"),
    findSnapshot,
    cacheDir,
    memoryBytes,
    limits,
    logger,
  });
  let lastId = 0;

  /** Ids are u32 on the wire; 0 means none. */
  function nextId(): number {
    lastId = (lastId % 0xffff_ffff) + 1;
    return lastId;
  }

  return {
    prepare: prepareProgram,
    check: (program) =>
      new Promise<SourceProblem | null>((resolve, reject) => {
        pool.submit(createCheck(nextId(), program, limits, resolve, reject));
      }),
    run: (request) =>
      new Promise<RunOutcome>((resolve) => {
        pool.submit(createRun(nextId(), request, normalizeLimits(request.limits, limits), logger, resolve));
      }),
    status: pool.status,
    close: pool.close,
  };
}

export function prepareProgram(program: Program): PreparedProgram {
  const { language, name, source, defaultResult, readings } = program;
  const parts = JSON.stringify([language, name, source, defaultResult, readings]);
  const key = createHash("sha256").update(parts).digest("hex");
  return { ...program, key, ...markPlaceholders(source) };
}
