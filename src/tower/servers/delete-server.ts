import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { CodeUser } from "../../guest/guest.ts";
import type { JobHandler, JobKind } from "../../jobs/queue.ts";
import { coerceError, HooktowerError } from "../../lib/errors.ts";
import { SYSTEM } from "../../records/context.ts";
import { EXIT } from "../runs/exit-codes.ts";
import { toActor } from "../runs/rights.ts";
import { readPlanLog } from "../runs/run-logs.store.ts";
import { readServer } from "../runs/run-records.store.ts";
import type { RunTools } from "../runs/run-tools.ts";
import type { Runs } from "../runs/runs.ts";
import { setServerStatus } from "./servers.store.ts";

const SERVER_DELETE_JOB = "server_delete";

/** A server is deleted when its plan has ended, however often a tower goes down meanwhile. */
export const SERVER_DELETE_KIND: JobKind = { name: SERVER_DELETE_JOB, maxAttempts: null };

export interface ServerDeletion {
  /**
   * To be called before a server is deleted. A server with a plan on deletion is deleted by that: the plan is begun,
   * with the rights of the user, and the status says `deleting`. When the plan has ended with 0, the server is
   * deleted, else the status says `delete_error`.
   *
   * @returns whether a plan sees to the deletion now; false: it is to be deleted at once
   * @throws HooktowerError `forbidden`, `not_found`; `conflict` when the plan runs already, or something uses the server
   */
  begin(serverId: number, user: CodeUser): Promise<boolean>;
  readonly jobs: Readonly<Record<string, JobHandler>>;
}

interface DeletionTools extends Pick<RunTools, "db" | "clock" | "logger" | "records" | "models"> {
  readonly jobs: Pick<RunTools["jobs"], "addTaken" | "finish" | "giveBack">;
  readonly runs: Pick<Runs, "startPlan">;
}

/** How often another process looks whether the plan has ended. */
const LOOK_MS = 1000;

const jobPayload = z.object({ serverId: z.int(), planLogId: z.int() });
type Payload = z.infer<typeof jobPayload>;

export function createServerDeletion(tools: DeletionTools): ServerDeletion {
  const { db, clock, logger, records, models, jobs, runs } = tools;
  const model = models.get("server");

  async function begin(serverId: number, user: CodeUser): Promise<boolean> {
    const server = await readServer(db.main, serverId);
    // One that is being deleted already is deleted at once: so it can be, when its plan hangs.
    if (!server || server.plan_delete_id === null || server.status === "deleting") return false;
    // The plan may take away what cannot be brought back: what stands in the way is asked for first.
    await records.transactionById((operations) => operations.delete(model, serverId, toActor(user)), {
      keep: false,
      models: [],
    });
    const planId = server.plan_delete_id;
    const { logId, ended } = await runs.startPlan({ serverId, planId, user, trusted: true });
    const log = await readPlanLog(db.main, logId);
    if (log?.is_running === 0 && log.plan_status === EXIT.planRunning)
      throw new HooktowerError("conflict", `The plan that deletes server ${server.reference} is running already`);
    const payload = { serverId, planLogId: logId };
    const jobId = await db.main.transaction().execute(async (trx) => {
      await setServerStatus(trx, serverId, "deleting", clock.now());
      return jobs.addTaken(trx, SERVER_DELETE_JOB, payload);
    });
    void ended
      // Null: the tower closes, and the plan goes on when it is back. Then so does this.
      .then((end) => (end === null ? jobs.giveBack(jobId) : finish(payload, end.status, jobId)))
      .catch((thrown: unknown) => {
        logger.error({ err: coerceError(thrown), server: server.reference }, "the deletion of a server is stuck");
        return jobs.giveBack(jobId);
      })
      .catch((thrown: unknown) => {
        logger.error({ err: coerceError(thrown), job: jobId }, "a job could not be given back");
      });
    return true;
  }

  async function finish({ serverId }: Payload, status: number, jobId: number | null): Promise<void> {
    const problem = status === 0 ? await remove(serverId, jobId) : `its plan ended with ${status}`;
    if (problem === null) return;
    logger.warn({ serverId, problem }, "a server was not deleted");
    await db.main.transaction().execute(async (trx) => {
      await setServerStatus(trx, serverId, "delete_error", clock.now());
      if (jobId !== null) await jobs.finish(trx, jobId);
    });
  }

  /** The user's right was asked for at the beginning. @returns why it was not deleted */
  async function remove(serverId: number, jobId: number | null): Promise<string | null> {
    try {
      await records.transactionById(
        async (operations, trx) => {
          const isThere = (await operations.exists(model, [serverId])).length > 0;
          if (isThere) await operations.delete(model, serverId, SYSTEM);
          if (jobId !== null) await jobs.finish(trx, jobId);
        },
        { keep: true, models: [model] },
      );
      return null;
    } catch (thrown) {
      if (!(thrown instanceof HooktowerError)) throw thrown;
      return thrown.message;
    }
  }

  /** For a process that did not begin it, or that was restarted. */
  const goOn: JobHandler = async (payload, { signal }) => {
    const known = jobPayload.parse(payload);
    for (;;) {
      const log = await readPlanLog(db.main, known.planLogId);
      // The log goes with its server.
      if (!log) return;
      if (log.is_running === 0) return finish(known, log.plan_status ?? EXIT.general, null);
      await delay(LOOK_MS, undefined, { signal });
    }
  };

  return { begin, jobs: { [SERVER_DELETE_JOB]: goOn } };
}
