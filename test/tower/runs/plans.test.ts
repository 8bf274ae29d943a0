import { afterAll, beforeAll, expect, it } from "vitest";
import { textOf } from "../../../src/records/field.ts";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "./support.ts";

const ON_POSITIVE = { condition: ">", value_char: "0", action: "ec", custom_exit_code: 255 };
const ON_ZERO = { condition: "==", value_char: "0", action: "n" };

describeOpenSsh("flight plans", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  it("run their lines in their order, and leave a log of each", async () => {
    const [first, second] = [await at.addCommand("echo 1"), await at.addCommand("echo 2")];
    const plan = await at.addPlan([
      { sequence: 20, command_id: second },
      { sequence: 10, command_id: first },
    ]);
    const { log, commands } = await at.runPlan(plan, 'plan_log={"label": "by hand"}');
    expect(log).toMatchObject({
      plan_id: plan,
      server_id: SERVER,
      plan_status: 0,
      is_running: false,
      is_stopped: false,
      label: "by hand",
      user_id: "admin",
    });
    expect(commands).toMatchObject([{ command_response: "1\n" }, { command_response: "2\n" }]);
  });

  it("are linked with the webhook call that began them", async () => {
    const plan = await at.addPlan([await at.addCommand("true")]);
    const { log } = await at.runPlan(plan);
    const call = await at.tower.must<{ id: string }>("GET", `/webhook-logs/${textOf(log["webhook_log_id"])}`);
    expect(call.id).toBe(log["webhook_log_id"]);
  });

  it.each([
    { exit: 0, runs: 2, status: 0 },
    { exit: 8, runs: 1, status: 255 },
  ])("do what the line's actions say: $exit", async ({ exit, runs, status }) => {
    const line = { command_id: await at.addCommand(`exit ${exit}`), action_ids: [ON_ZERO, ON_POSITIVE] };
    const plan = await at.addPlan([line, await at.addCommand("true")]);
    const { log, commands } = await at.runPlan(plan);
    expect([commands.length, log["plan_status"]]).toEqual([runs, status]);
  });

  it.each([
    { values: {}, runs: 1, status: 3 },
    { values: { on_error_action: "ec", custom_exit_code: 40 }, runs: 1, status: 40 },
    { values: { on_error_action: "ec", custom_exit_code: 0 }, runs: 1, status: 0 },
    { values: { on_error_action: "n" }, runs: 2, status: 0 },
  ])("do what they say about errors: $values", async ({ values, runs, status }) => {
    const plan = await at.addPlan([await at.addCommand("exit 3"), await at.addCommand("true")], values);
    const { log, commands } = await at.runPlan(plan);
    expect([commands.length, log["plan_status"]]).toEqual([runs, status]);
  });

  it("end with the code of their last line, whatever follows from it", async () => {
    const action = { condition: ">=", value_char: "3", action: "n" };
    const plan = await at.addPlan([{ command_id: await at.addCommand("exit 3"), action_ids: [action] }]);
    expect((await at.runPlan(plan)).log).toMatchObject({ plan_status: 3 });
  });

  it("are refused without lines", async () => {
    const { log, commands } = await at.runPlan(await at.addPlan([]));
    expect([log["plan_status"], commands]).toEqual([-302, []]);
  });

  it("are refused on other servers than theirs, with their commands", async () => {
    const other = await at.addServer();
    const elsewhere = await at.addPlan([await at.addCommand("true")], { server_ids: [other] });
    expect((await at.runPlan(elsewhere)).log).toMatchObject({
      plan_status: -306,
      custom_message: "Flight plan is not compatible with the server",
    });
    const command = await at.addCommand("true", { name: "Elsewhere", server_ids: [other] });
    const here = await at.addPlan([command], { server_ids: [SERVER] });
    expect((await at.runPlan(here)).log).toMatchObject({
      plan_status: -306,
      custom_message: "Command Elsewhere is not compatible with the server",
    });
    const anywhere = await at.runPlan(await at.addPlan([command]));
    expect(anywhere.commands).toMatchObject([{ command_status: -207 }]);
    expect(anywhere.log).toMatchObject({ plan_status: -207 });
  });

  it("run plans, whose end is that of the command", async () => {
    const inner = await at.addPlan([await at.addCommand("exit 4")]);
    const outer = await at.addPlan([
      await at.addCommand("", { action: "plan", flight_plan_id: inner }),
      await at.addCommand("true"),
    ]);
    const { log, commands } = await at.runPlan(outer);
    expect(log).toMatchObject({ plan_status: 4 });
    expect(commands).toMatchObject([{ command_status: 4, command_error: "Flight plan running error" }]);
    const { triggered_plan_log_ids: innerIds } = commands[0] as Log;
    const [innerId] = innerIds as readonly string[];
    expect(await at.readLog("plan-logs", innerId)).toMatchObject({ plan_id: inner, plan_status: 4 });
  });

  it("cannot be made to run themselves", async () => {
    const [inner, outer] = [await at.addPlan([]), await at.addPlan([])];
    const toOuter = await at.addCommand("", { action: "plan", flight_plan_id: outer });
    const toInner = await at.addCommand("", { action: "plan", flight_plan_id: inner });
    await at.tower.must("PATCH", `/plans/${inner}`, { line_ids: [{ command_id: toOuter }] });
    const line = await at.tower.api("PATCH", `/plans/${outer}`, { line_ids: [{ command_id: toInner }] });
    expect([line.status, line.text]).toEqual([422, expect.stringContaining("Recursive plan call detected in plan")]);
    const command = await at.tower.api("PATCH", `/commands/${toOuter}`, { flight_plan_id: inner });
    expect(command.text).toContain("Recursive plan call detected in plan");
  });

  it("are not run inside another while they run, whatever they allow", async () => {
    const inner = await at.addPlan([await at.addCommand("sleep 2")], { allow_parallel_run: true });
    const outer = await at.addPlan([await at.addCommand("", { action: "plan", flight_plan_id: inner })]);
    const server = `tower_servers.get_by_reference("${SERVER}")`;
    await at.run(`${server}.run_flight_plan(tower_plans.get_by_reference("${inner}"), wait=False)`);
    const { log, commands } = await at.runPlan(outer);
    expect(log).toMatchObject({ plan_status: -301 });
    expect(commands).toMatchObject([{ command_status: -301 }]);
  });

  it("are refused while another run of the same is under way, unless they allow it", async () => {
    const slow = await at.addCommand("sleep 2");
    for (const [allowed, statuses] of [
      [false, [-301, 0]],
      [true, [0, 0]],
    ] as const) {
      const plan = await at.addPlan([{ command_id: slow, action_ids: [] }], { allow_parallel_run: allowed });
      const parallel = await at.tower.api("PATCH", `/commands/${slow}`, { allow_parallel_run: true });
      expect(parallel.status).toBe(200);
      const ends = await Promise.all([at.runPlan(plan), at.runPlan(plan)]);
      expect(ends.map(({ log }) => Number(log["plan_status"])).toSorted((a, b) => a - b)).toEqual(statuses);
    }
  });

  it("skip lines whose condition is false, and go on with the values that actions set", async () => {
    const ok = await at.addCommand("true");
    const echo = await at.addCommand("echo {{ flag }}");
    await at.setVariable("flag", null);
    const plan = await at.addPlan([
      ok,
      ok,
      {
        command_id: await at.addCommand("exit 5"),
        action_ids: [
          {
            condition: "!=",
            value_char: "0",
            action: "n",
            variable_value_ids: [{ variable_id: "flag", value_char: "1" }],
          },
        ],
      },
      { command_id: ok, condition: "not {{ flag }}" },
      {
        command_id: echo,
        condition: "{{ flag }}",
        action_ids: [{ condition: "==", value_char: "0", action: "ec", custom_exit_code: -1 }],
      },
    ]);
    const { log, commands } = await at.runPlan(plan);
    expect(commands.map((command) => command["command_status"])).toEqual([0, 0, 5, -205, 0]);
    expect(commands[3]).toMatchObject({
      is_skipped: true,
      condition: "not {{ flag }}",
      command_error: "Plan line condition check failed.",
    });
    expect(commands[4]).toMatchObject({ command_response: "1\n", variable_values: { flag: "1" } });
    expect(log).toMatchObject({ plan_status: -1, variable_values: { flag: "1" } });
    const values = await at.tower.must<{ items: unknown[] }>("GET", "/variable-values?variable_id=flag&server_id=");
    expect(JSON.stringify(values.items)).toContain('"value_char":null');
  });

  it.each([
    ["False", -205],
    ["=q", -205],
    ["nothing.here", -205],
    ["{{ given }} == 'yes' and 1 + 1 == 2", 0],
    ["{{ given }} == 'no'", -205],
    ["{{ given }} in ('yes', 'no')", 0],
    ["{{ unknown }} is None", 0],
    ["{{ tower.server.reference }} == 'here'", 0],
    ["   ", 0],
  ])("ask conditions: %s", async (condition, status) => {
    const plan = await at.addPlan([{ command_id: await at.addCommand("true"), condition }]);
    const { log, commands } = await at.runPlan(plan, 'variable_values={"given": "yes"}');
    expect([log["plan_status"], commands[0]?.["command_status"]]).toEqual([0, status]);
  });

  it("cannot be broken into by values in conditions", async () => {
    const line = { command_id: await at.addCommand("true"), condition: "{{ given }} == 'x'" };
    const { commands } = await at.runPlan(await at.addPlan([line]), `variable_values={"given": "' or 1 or '"}`);
    expect(commands).toMatchObject([{ command_status: -205 }]);
  });

  it("ask a line's condition again when its command has changed the values", async () => {
    const code = 'custom_values["go"] = ""\nresult = {"exit_code": 9, "message": "x"}';
    const first = await at.addCommand(code, { action: "python_code" });
    const plan = await at.addPlan([{ command_id: first, condition: "{{ go }}" }, await at.addCommand("true")]);
    const { log, commands } = await at.runPlan(plan, 'variable_values={"go": "1"}');
    expect(commands.map((command) => command["command_status"])).toEqual([9, 0]);
    expect(log).toMatchObject({ plan_status: 0 });
  });

  it("carry values from line to line, into plans they run and back", async () => {
    const set = (name: string) => at.addCommand(`custom_values["${name}"] = "${name}!"`, { action: "python_code" });
    const inner = await at.addPlan([await set("inner")]);
    const plan = await at.addPlan([
      await set("first"),
      await at.addCommand("", { action: "plan", flight_plan_id: inner }),
      await at.addCommand("echo {{ first }} {{ inner }}"),
    ]);
    const { commands } = await at.runPlan(plan);
    expect(commands[2]).toMatchObject({ command_response: "first! inner!\n" });
  });

  it("use sudo only where the line and the server do", async () => {
    await at.tower.must("PATCH", `/servers/${SERVER}`, { use_sudo: "n" });
    const command = await at.addCommand("true");
    const plan = await at.addPlan([command, { command_id: command, use_sudo: true }], { on_error_action: "n" });
    const { commands } = await at.runPlan(plan);
    // Root needs none, whatever is asked for.
    const wanted = at.ssh.target.username === "root" ? null : "n";
    expect(commands.map((log) => log["use_sudo"])).toEqual([null, wanted]);
    await at.tower.must("PATCH", `/servers/${SERVER}`, { use_sudo: null });
  });

  it("run on many servers at once, each with a log", async () => {
    const others = await Promise.all(Array.from({ length: 20 }, () => at.addServer({ note: "many" })));
    const plan = await at.addPlan([await at.addCommand("echo {{ tower.server.reference }}")]);
    const count = await at.run(`
servers = tower_servers.search([("note", "=", "many")])
logs = servers.run_flight_plan(tower_plans.get_by_reference("${plan}"))
result = {"message": [log.plan_status for log in logs]}`);
    expect(count).toEqual(others.map(() => 0));
    const { items } = await at.tower.must<{ items: Array<Record<string, unknown>> }>(
      "GET",
      `/plan-logs?plan_id=${plan}&limit=100`,
    );
    expect(new Set(items.map((log) => log["server_id"]))).toEqual(new Set(others));
  });

  it("see what the code that runs them did before, and what it wrote is dropped when it raises", async () => {
    await at.setVariable("color", "old", SERVER);
    const plan = await at.addPlan([await at.addCommand("echo {{ color }}")]);
    await expect(
      at.run(`
server = tower_servers.get_by_reference("${SERVER}")
server.set_variable_value("color", "new")
server.run_flight_plan(tower_plans.get_by_reference("${plan}"))
raise UserError("enough")`),
    ).rejects.toThrow("enough");
    const [log] = (await at.tower.must<{ items: Array<{ id: string }> }>("GET", `/plan-logs?plan_id=${plan}`)).items;
    expect(await at.commandLogs({ plan_log_id: String(log?.id) })).toMatchObject([{ command_response: "new\n" }]);
    expect((await at.runPlan(plan)).commands).toMatchObject([{ command_response: "old\n" }]);
  });

  it("cannot run on a server that the same code has only just made", async () => {
    const plan = await at.addPlan([await at.addCommand("true")]);
    const code = `
server = tower_servers.create({"name": "new", "ip_v4_address": "127.0.0.1", "ssh_username": "x", "ssh_password": "y"})
server.run_flight_plan(tower_plans.get_by_reference("${plan}"))`;
    await expect(at.run(code)).rejects.toThrow("made by this very run");
  });
});
