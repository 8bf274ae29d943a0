import { openDatabase } from "../../src/db/open.ts";
import { createJobQueue } from "../../src/jobs/job-queue.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { SHORT_TIMINGS } from "./timings.ts";

/** Another process with a queue on the same database, for tests: see `test/db/start-child.ts`. */
const [mode = "", locationText = ""] = process.argv.slice(2);
const location = JSON.parse(locationText) as { url?: string; dataDir: string };
const say = (line: string) => process.stdout.write(`${line}\n`);

const logger = createLogger("error");
const db = await openDatabase({ url: location.url, dataDir: location.dataDir, logger });
const queue = createJobQueue({ db, clock: systemClock, logger, kinds: [{ name: "work" }], timings: SHORT_TIMINGS });
// Keeps the process: the queue alone does not.
setInterval(() => undefined, 1000);

const MODES: Record<string, () => Promise<void>> = {
  /** Takes jobs and ends none. */
  async hang() {
    queue.start({
      async work({ number }, { jobId }) {
        say(`began ${jobId} ${String(number)}`);
        await new Promise(() => undefined);
      },
    });
  },

  /** Says each job that it does, until killed. */
  async work() {
    queue.start({ work: async ({ number }) => void say(`did ${String(number)}`) });
    say("started");
  },

  /** Has a job of its own, without taking others. */
  async own() {
    say(`has ${await queue.addTaken(db.main, "work", { number: 1 })}`);
  },
};

await MODES[mode]?.();
