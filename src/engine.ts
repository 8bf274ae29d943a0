import type { Core } from "./core.ts";
import type { Guest } from "./guest/guest.ts";
import { createNetworkCalls } from "./guest/network-calls.ts";
import { createUnits } from "./guest/records/record-access.ts";
import { createRecordCalls, type RecordMethods, type TowerMethods } from "./guest/records/record-calls.ts";
import { variableServerMethods, variableTowerMethods } from "./guest/records/variable-methods.ts";
import { createJobQueue } from "./jobs/job-queue.ts";
import type { JobQueue } from "./jobs/queue.ts";
import type { Logger } from "./lib/logger.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { helperMethods } from "./tower/helper-methods.ts";
import { beforeDeletions } from "./tower/before-deletions.ts";
import { fileMethods } from "./tower/files/file-methods.ts";
import { createFiles } from "./tower/files/files.service.ts";
import { createOperations, type Operations } from "./tower/operations.ts";
import { createFileUsingTemplate } from "./tower/runs/actions/file-using-template.ts";
import { createPythonCode } from "./tower/runs/actions/python-code.ts";
import { createRuns, RUN_JOBS } from "./tower/runs/create-runs.ts";
import { runMethods, runTowerMethods } from "./tower/runs/run-methods.ts";
import type { Runs } from "./tower/runs/runs.ts";
import { createScheduler, TASK_JOB } from "./tower/schedule/scheduler.ts";
import { createServerDeletion, SERVER_DELETE_KIND } from "./tower/servers/delete-server.ts";
import { createServerLogs } from "./tower/servers/server-logs.service.ts";
import { serverMethods, serverTowerMethods } from "./tower/servers/server-methods.ts";
import { createSsh } from "./tower/ssh/create-ssh.ts";
import { tagMethods } from "./tower/tags/tag-methods.ts";
import { createRenderer } from "./tower/variables/renderer.ts";
import { createVariableResolver } from "./tower/variables/variable-values.ts";

/** Past the first answer after a start, and before most programs ask anything of the network. */
const LOAD_NETWORK_AFTER_MS = 1_000;

/** What runs people's code and commands: on top of the core, below the server and the command line. */
export interface Engine {
  readonly guest: Guest;
  readonly runs: Runs;
  readonly operations: Operations;
  readonly jobs: JobQueue;
  /** Begins to take jobs, and to run scheduled tasks: what the server does, and the command line does not. */
  start(): void;
  /** Steps in which it is closed, in their order. */
  readonly closing: {
    /** Commands under way have `graceMs` to end. */
    readonly runs: (graceMs: number) => Promise<void>;
    readonly jobs: (graceMs: number) => Promise<void>;
    readonly connections: () => Promise<void>;
  };
}

export function createEngine(core: Core, sandbox: Sandbox, logger: Logger): Engine {
  const { settings, db, clock, records, models, secrets, cipher, towerSettings } = core;
  const network = createNetworkCalls({
    egress: { allowPrivate: settings.egressAllowPrivate, allow: settings.egressAllow },
    maxResponseBytes: settings.egressMaxResponseBytes,
  });
  let loading: NodeJS.Timeout | undefined;
  const ssh = createSsh();
  const jobs = createJobQueue({ db, clock, logger, kinds: [...RUN_JOBS, SERVER_DELETE_KIND, TASK_JOB] });
  const renderer = createRenderer(sandbox);
  const variables = createVariableResolver({ renderer, clock, logger });
  const tools = {
    db,
    clock,
    logger,
    records,
    models,
    cipher,
    secrets,
    renderer,
    variables,
    ssh,
    jobs,
    async readTimeout() {
      const seconds = (await towerSettings.get()).command_timeout;
      return seconds === 0 ? null : seconds * 1000;
    },
  };
  const files = createFiles(tools);
  // Code runs commands, and a command can be code.
  let guest: Guest | null = null;
  const getGuest = (): Guest => {
    if (!guest) throw new Error("code is run before there is anything for it to run in");
    return guest;
  };
  const { runs, jobs: runHandlers } = createRuns(tools, {
    python_code: createPythonCode({ sandbox, guest: getGuest }),
    file_using_template: createFileUsingTemplate(files),
  });
  const deletion = createServerDeletion({ ...tools, runs });
  beforeDeletions({ db, records, models, files, deletion });

  const scheduler = createScheduler({ db, clock, logger, jobs, runs });

  const serverLogs = createServerLogs({ ...tools, runs, files });
  const serverTools = { ...tools, runs, files, serverLogs };
  const methods = mergeMethods(
    { server: variableServerMethods(models) },
    runMethods(runs, models),
    tagMethods(models),
    serverMethods(serverTools),
    fileMethods(files),
  );
  const tower: TowerMethods = {
    ...variableTowerMethods(models),
    ...runTowerMethods(runs, models),
    ...serverTowerMethods(serverTools),
    ...helperMethods(tools),
  };
  guest = {
    hostCalls: { ...network.hostCalls, ...createRecordCalls({ records, models, methods, tower }) },
    openUnit: createUnits(records, db.main),
    towerMethods: Object.keys(tower),
    wallMs: settings.wallLimitMs,
  };

  return {
    guest,
    runs,
    operations: createOperations(serverTools),
    jobs,
    start() {
      loading = setTimeout(() => void network.load(), LOAD_NETWORK_AFTER_MS);
      jobs.start({ ...runHandlers, ...deletion.jobs, [TASK_JOB.name]: scheduler.handler });
      scheduler.start();
    },
    closing: {
      async runs(graceMs) {
        await scheduler.stop();
        await runs.close(graceMs);
      },
      jobs: jobs.stop,
      connections: async () => {
        clearTimeout(loading);
        await Promise.all([ssh.close(), network.close()]);
      },
    },
  };
}

/** Methods of the same model come from several parts of the tower. */
function mergeMethods(...parts: readonly RecordMethods[]): RecordMethods {
  const merged: Record<string, RecordMethods[string]> = {};
  for (const part of parts)
    for (const [model, methods] of Object.entries(part)) merged[model] = { ...merged[model], ...methods };
  return merged;
}
