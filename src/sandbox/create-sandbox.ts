/** Puts the sandbox together. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { pathOfEntry } from "./launch.ts";
import { createLanes } from "./lanes.ts";
import { normalizeLimits, normalizeMemory } from "./limits.ts";
import { createQuarantine } from "./quarantine.ts";
import { leaveUnmarked, markPlaceholders } from "./python/placeholders.ts";
import { ensureSnapshot } from "./python/snapshot.ts";
import type {
  GatedOutcome,
  Language,
  PreparedProgram,
  Program,
  RunOutcome,
  RunRequest,
  Sandbox,
  SandboxOptions,
  SourceProblem,
} from "./sandbox.ts";
import { createCheck, createRun, type NextRun, type RunTask } from "./task.ts";

/**
 * Starts the runners and gives the sandbox without waiting for them (the first start ever takes some
 * seconds, later ones less than one): `status().ready` tells when one is up, runs wait for it.
 * Throws RangeError for an option that makes no sense.
 */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { cacheDir, installedDir, logger } = options;
  if (!Number.isInteger(options.runners) || options.runners < 1)
    throw new RangeError("runners must be a whole number above 0");
  const limits = normalizeLimits(options.limits);
  const memoryBytes = normalizeMemory(options.memoryBytes);
  /** Once it is found, runners that start later need not look for it: they would hold calls up meanwhile. */
  let snapshot: string | null = null;
  async function findSnapshot(): Promise<string> {
    if (snapshot === null || !existsSync(snapshot)) snapshot = await ensureSnapshot({ installedDir, cacheDir }, logger);
    return snapshot;
  }
  const { runners } = options;
  const quarantine = createQuarantine();
  const entry = pathOfEntry("runner");
  const pool = createLanes({ runners, entry, findSnapshot, cacheDir, memoryBytes, limits, logger }, quarantine);
  let lastId = 0;

  /** Ids are u32 on the wire; 0 means none. */
  function nextId(): number {
    lastId = (lastId % 0xffff_ffff) + 1;
    return lastId;
  }

  function makeRun(request: RunRequest, onEnd: (outcome: RunOutcome) => void, next?: NextRun): RunTask {
    const end = (outcome: RunOutcome): void => {
      quarantine.judge(request.program.key, outcome);
      onEnd(outcome);
    };
    return createRun(nextId(), request, normalizeLimits(request.limits, limits), logger, end, next);
  }

  return {
    prepare: prepareProgram,
    check: (program) =>
      new Promise<SourceProblem | null>((resolve, reject) => {
        pool.submit(createCheck(nextId(), program, limits, resolve, reject));
      }),
    run: (request) =>
      new Promise<RunOutcome>((resolve) => {
        pool.submit(makeRun(request, resolve));
      }),
    runGated: (first, gate, second) =>
      new Promise<GatedOutcome>((resolve) => {
        let passed: RunOutcome | null = null;
        const follower = makeRun(second, (outcome) => passed && resolve({ first: passed, second: outcome }));
        const leader = makeRun(
          first,
          (outcome) => {
            passed = outcome;
            if (!leader.opened) resolve({ first: outcome, second: null });
          },
          { gate, task: follower },
        );
        pool.submit(leader);
      }),
    status: pool.status,
    close: pool.close,
  };
}

export function prepareProgram(program: Program): PreparedProgram {
  const { language, name, source, defaultResult, readings } = program;
  const { resultShape = "dict", modules = null, keeps = [], pythonic = false } = program;
  const parts = [language, name, source, defaultResult, readings, resultShape, modules, keeps, pythonic];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return { ...program, key, ...readSource(language, source) };
}

function readSource(
  language: Language,
  source: string,
): Pick<PreparedProgram, "identifiers" | "secretReferences" | "marked"> {
  // A template has names as they are written, and its placeholders are for whoever uses what it prints.
  if (language === "jinja") return { identifiers: source, secretReferences: [], marked: leaveUnmarked(source) };
  return { identifiers: source.normalize("NFKC"), ...markPlaceholders(source) };
}
