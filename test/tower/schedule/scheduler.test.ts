import { expect, it, vi } from "vitest";
import { openDatabase } from "../../../src/db/open.ts";
import { createJobQueue } from "../../../src/jobs/job-queue.ts";
import { silentLogger as logger } from "../../../src/lib/logger.ts";
import type { RecordValues } from "../../../src/records/model.ts";
import { createScheduler, TASK_JOB, type TaskRuns } from "../../../src/tower/schedule/scheduler.ts";
import { SHORT_TIMINGS } from "../../jobs/timings.ts";
import { openRecords } from "../../records/support.ts";
import { describeEachDatabase } from "../../support/databases.ts";

/** No lease ends while the clock is put forward. */
const timings = { ...SHORT_TIMINGS, leaseMs: 1_000_000_000 };
const NOW = Date.parse("2026-11-24T12:00:00Z");

describeEachDatabase(({ createLocation }) => {
  /** Two processes on one database; runs are told, and end when `ends` says so. */
  async function open({ ends = () => Promise.resolve() }: { ends?: () => Promise<void> } = {}) {
    await using opening = new AsyncDisposableStack();
    const location = opening.use(await createLocation());
    const clock = { time: NOW, now: () => clock.time };
    const records = opening.use(
      await openRecords(async () => {
        const db = await openDatabase({ ...location, logger });
        return Object.assign(db, { [Symbol.asyncDispose]: () => db.close() });
      }),
    );
    await records.create("server", {
      name: "Web",
      ssh_username: "root",
      ip_v4_address: "192.0.2.1",
      ssh_password: "p",
    });
    await records.create("server", { name: "Db", ssh_username: "root", ip_v4_address: "192.0.2.2", ssh_password: "p" });
    await records.create("command", { name: "Clean", action: "ssh_command", code: "true" });
    await records.create("plan", { name: "Deploy" });
    const runs: { what: "command" | "plan"; server: number; user: string; values: unknown; label: unknown }[] = [];
    const end = { logId: 1, status: 0, response: null, error: null, message: null, variableValues: {} };
    const told: TaskRuns = {
      async runCommand({ serverId, user, variableValues, label }) {
        runs.push({ what: "command", server: serverId, user: user.login, values: variableValues, label });
        await ends();
        return end;
      },
      async startPlan({ serverId, user, variableValues, label }) {
        runs.push({ what: "plan", server: serverId, user: user.login, values: variableValues, label });
        return { logId: 1, ended: ends().then(() => end) };
      },
    };

    async function startProcess() {
      const db = opening.adopt(await openDatabase({ ...location, logger }), (opened) => opened.close());
      const jobs = createJobQueue({ db, clock, logger, kinds: [TASK_JOB], timings });
      const scheduler = createScheduler({ db, clock, logger, jobs, runs: told });
      jobs.start({ [TASK_JOB.name]: scheduler.handler });
      opening.defer(() => jobs.stop(0));
      return { jobs, scheduler };
    }
    const processes = [await startProcess(), await startProcess()];

    const resources = opening.move();
    return {
      records,
      clock,
      runs,
      processes,
      create: (values: RecordValues) =>
        records.create("scheduled_task", {
          name: "Nightly",
          command_id: "clean",
          interval_type: "days",
          next_call: "2026-11-24T03:00:00Z",
          server_ids: ["web"],
          ...values,
        }),
      read: () => records.get("scheduled_task", "nightly"),
      /** All processes look at once, then what is due has run. */
      async look() {
        await Promise.all(processes.map(({ scheduler }) => scheduler.look()));
        await whenIdle(processes[0]?.jobs);
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  }

  const whenIdle = (jobs: Awaited<ReturnType<typeof open>>["processes"][number]["jobs"] | undefined) =>
    vi.waitFor(async () => expect(await jobs?.count()).toEqual([]), { timeout: 10_000 });

  it("runs a due task once on each server, in one process, and plans the next run", async () => {
    await using at = await open();
    await at.create({ server_ids: ["web", "db"], variable_values: { branch: "main" } });
    await at.look();
    const run = { what: "command", user: "root", values: { branch: "main" }, label: "Nightly" };
    expect(at.runs.toSorted((a, b) => a.server - b.server)).toEqual([
      { ...run, server: 1 },
      { ...run, server: 2 },
    ]);
    expect(await at.read()).toMatchObject({
      next_call: "2026-11-25T03:00:00.000Z",
      last_call: "2026-11-24T12:00:00.000Z",
      warning_message: null,
    });
    await at.look();
    expect(at.runs).toHaveLength(2);
    at.clock.time = Date.parse("2026-11-25T03:00:00Z");
    await at.look();
    expect(at.runs).toHaveLength(4);
  }, 30_000);

  it("runs what was missed once, however often it was due", async () => {
    await using at = await open();
    await at.create({ interval_type: "minutes", interval_number: 10, next_call: "2026-11-01T00:05:00Z" });
    await at.look();
    await at.look();
    expect(at.runs).toHaveLength(1);
    expect(await at.read()).toMatchObject({ next_call: "2026-11-24T12:05:00.000Z" });
  }, 30_000);

  it("starts plans, and waits for their end before it starts them again", async () => {
    const end = Promise.withResolvers<void>();
    await using at = await open({ ends: () => end.promise });
    await at.create({ action: "plan", plan_id: "deploy", command_id: null, interval_type: "hours" });
    const [first] = at.processes;
    await first?.scheduler.look();
    await vi.waitFor(() => expect(at.runs).toHaveLength(1), { timeout: 10_000 });
    at.clock.time += 3_600_000;
    await first?.scheduler.look();
    expect(await at.read()).toMatchObject({ next_call: "2026-11-24T14:00:00.000Z" });
    expect(await first?.jobs.count()).toMatchObject([{ waiting: 0, taken: 1 }]);
    end.resolve();
    await whenIdle(first?.jobs);
    expect(at.runs).toEqual([{ what: "plan", server: 1, user: "root", values: {}, label: "Nightly" }]);
    at.clock.time += 3_600_000;
    await at.look();
    expect(at.runs).toHaveLength(2);
  }, 30_000);

  it("leaves inactive tasks, archived servers and future runs alone", async () => {
    await using at = await open();
    await at.create({ active: false });
    await at.create({ name: "Later", next_call: "2026-11-24T12:00:01Z" });
    await at.create({ name: "Nowhere", server_ids: ["db"] });
    await at.records.update("server", "db", { active: false });
    await at.look();
    expect(at.runs).toEqual([]);
    expect(await at.read()).toMatchObject({ last_call: null });
  }, 30_000);

  it("runs a new task without a time now, and one with a cron expression when that says", async () => {
    await using at = await open();
    await at.create({ next_call: null });
    await at.create({ name: "Cron", next_call: null, interval_type: "cron", cron_expression: "30 13 * * *" });
    await at.look();
    expect(at.runs.map(({ label }) => label)).toEqual(["Nightly"]);
    expect(await at.read()).toMatchObject({ next_call: "2026-11-25T12:00:00.000Z" });
    const readCron = () => at.records.get("scheduled_task", "cron");
    expect(await readCron()).toMatchObject({ next_call: "2026-11-24T13:30:00.000Z" });
    // A change of the expression or the zone counts at once, though the old time is not there yet.
    await at.records.update("scheduled_task", "cron", { time_zone: "Europe/Berlin" });
    await at.look();
    expect(await readCron()).toMatchObject({ next_call: "2026-11-24T12:30:00.000Z", last_call: null });
    at.clock.time = Date.parse("2026-11-24T12:30:00Z");
    await at.look();
    expect(at.runs.map(({ label }) => label)).toEqual(["Nightly", "Cron"]);
    expect(await readCron()).toMatchObject({ next_call: "2026-11-25T12:30:00.000Z" });
  }, 30_000);

  it("says on the task what went wrong, until the next run", async () => {
    let fails = true;
    await using at = await open({
      ends: () => (fails ? Promise.reject(new Error("secret detail")) : Promise.resolve()),
    });
    await at.create({});
    await at.look();
    expect(await at.read()).toMatchObject({ warning_message: "Web: An internal error, see the server's log" });
    fails = false;
    await at.records.db.main.updateTable("users").set({ active: 0 }).execute();
    at.clock.time += 86_400_000;
    await at.look();
    expect(await at.read()).toMatchObject({ warning_message: "Web: The user who made the task is archived or gone" });
    await at.records.db.main.updateTable("users").set({ active: 1 }).execute();
    at.clock.time += 86_400_000;
    await at.look();
    expect(await at.read()).toMatchObject({ warning_message: null });
    expect(at.runs).toHaveLength(2);
  }, 30_000);

  it("does not begin a run again that was cut off, and says so", async () => {
    await using at = await open();
    await at.create({ next_call: "2026-12-01T00:00:00Z" });
    const job = { kind: TASK_JOB.name, payload: JSON.stringify({ taskId: 1, serverId: 1 }), attempts: 1 };
    await at.records.db.main
      .insertInto("jobs")
      .values({ ...job, create_date: NOW, run_date: NOW, owner: "dead", lease_end: NOW - 1 })
      .execute();
    await whenIdle(at.processes[0]?.jobs);
    expect(at.runs).toEqual([]);
    expect(await at.read()).toMatchObject({ warning_message: "Web: The run was cut off, and is not begun again" });
  }, 30_000);

  it("refuses tasks whose time cannot be told, each with what is wrong", async () => {
    await using at = await open();
    const refused = async (values: RecordValues) => {
      const thrown = await at.create(values).catch((error: unknown) => error);
      expect(thrown).toMatchObject({ code: "invalid" });
      return (thrown as { errors: unknown }).errors;
    };
    expect(await refused({ interval_type: "cron" })).toEqual([
      { path: "cron_expression", message: "is required for this unit" },
    ]);
    expect(await refused({ interval_type: "cron", cron_expression: "61 * * * *" })).toEqual([
      { path: "cron_expression", message: "is no cron expression: Invalid value for minute: 61" },
    ]);
    expect(await refused({ interval_type: "dow", next_call: null })).toEqual([
      { path: "monday", message: "choose at least one weekday" },
      { path: "next_call", message: "is required for weekdays: its time of day is that of the runs" },
    ]);
    expect(await refused({ time_zone: "Mars/Olympus" })).toEqual([
      { path: "time_zone", message: "there is no time zone Mars/Olympus: give a name like Europe/Berlin" },
    ]);
    expect(await refused({ variable_values: ["main"] })).toEqual([
      { path: "variable_values", message: 'must be a mapping of variables to values: {"branch": "main"}' },
    ]);
    expect(await refused({ interval_number: 0 })).toMatchObject([{ path: "interval_number" }]);
    expect(await at.create({ interval_type: "dow", friday: true })).toMatchObject({ interval_type: "dow" });
  }, 30_000);
});
