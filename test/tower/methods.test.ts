import { afterAll, beforeAll, expect, it } from "vitest";
import { describeOpenSsh } from "../support/openssh.ts";
import { SERVER, startRuns, type RunsFixture } from "./runs/support.ts";

/** What snippets can ask of the Tower beside records and runs. */
describeOpenSsh("the methods of snippets", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
    for (const name of ["Production", "Web"]) await at.tower.must("POST", "/tags", { name });
    await at.addServer({ name: "other", reference: "other", host_key: null });
    await at.tower.addSecret("token", "s3cret");
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  // In a dict: a message that is false by itself is answered with OK.
  async function tell(expression: string): Promise<unknown> {
    const server = `server = tower_servers.get_by_reference("${SERVER}")`;
    const message = await at.run(`${server}\nresult = {"message": {"value": ${expression}}}`);
    return (message as { value: unknown }).value;
  }

  it("put tags on records and take them off", async () => {
    await at.run(`
servers = tower_servers.search([])
servers.add_tags("Web")
tower_servers.get_by_reference("${SERVER}").add_tags(["Production", "nobody knows it"])
tower_servers.get_by_reference("other").remove_tags(["Web", "Production"])`);
    expect(await tell("server.tag_ids.mapped('name')")).toEqual(expect.arrayContaining(["Production", "Web"]));
    expect(await tell("tower_servers.get_by_reference('other').tag_ids.mapped('name')")).toEqual([]);
  });

  it.each([
    ["tower_servers.has_tags('Web', search_all=True).mapped('reference')", [SERVER]],
    ["tower_servers.has_tags('Web').ids", []],
    ["tower_servers.search([]).has_tags(['Web', 'x']).mapped('reference')", [SERVER]],
    ["tower_servers.search([]).has_all_tags(['Web', 'Production']).mapped('reference')", [SERVER]],
    ["tower_servers.search([]).has_all_tags(['Web', 'x']).ids", []],
    ["tower_servers.search([]).has_tags(7).ids", []],
  ])("find by tags: %s", async (expression, expected) => {
    expect(await tell(expression)).toEqual(expected);
  });

  it.each([
    ["tower.server_check_ssh_connection('here')", { exit_code: 0, message: "Connection successful." }],
    [
      "tower.server_check_ssh_connection('other', attempts=1)",
      { exit_code: 503, message: expect.stringContaining("Host key not found") },
    ],
    ["tower.server_validate_secret('s3cret', 'token')", true],
    ["tower.server_validate_secret('s3cret', 'token', 'here')", true],
    ["tower.server_validate_secret('', 'token')", false],
    ["tower.server_validate_secret('s3cret', 'nothing')", false],
    ["tower.server_validate_secret(None, 'nothing')", false],
    ["tower.is_valid_url('https://example.com/a?b')", true],
    ["tower.is_valid_url('example.com')", false],
    ["tower.is_valid_url('example.com', no_scheme_check=True)", true],
    ["tower.is_valid_url('https://')", false],
    ["tower.is_valid_url('not a url', no_scheme_check=True)", false],
    ["tower.server_run_command('nowhere', 'x')", { exit_code: -101, message: "Server not found" }],
    ["tower.server_run_command('here', 'nothing')", { exit_code: -101, message: "Command not found" }],
    ["tower.server_run_flight_plan('nowhere', 'x')", false],
  ])("%s", async (expression, expected) => {
    expect(await tell(expression)).toEqual(expected);
  });

  it("make random ids", async () => {
    expect(await tell("tower.generate_random_id()")).toMatch(/^\w{4}$/);
    expect(await tell("tower.generate_random_id(3, 5, '_')")).toMatch(/^[^\W_]{5}_[^\W_]{5}_[^\W_]{5}$/);
    await expect(tell("tower.generate_random_id(10**6)")).rejects.toThrow("sections and population");
  });

  it("run commands and plans by reference", async () => {
    const command = await at.addCommand("echo out; exit 2");
    expect(await tell(`tower.server_run_command('here', '${command}')`)).toEqual({ exit_code: 2, message: "out\n" });
    expect(await at.commandLogs({ command_id: command })).toEqual([]);
    expect(await tell(`tower.server_run_command('here', '${command}', get_result=False)`)).toBeNull();
    expect(await at.commandLogs({ command_id: command })).toHaveLength(1);
    const plan = await at.addPlan([command]);
    expect(await tell(`tower.server_run_flight_plan('here', '${plan}', tag='v1').plan_status`)).toBe(2);
  });

  it("are not there for authenticators to change anything with", async () => {
    const command = await at.addCommand("echo no");
    const authenticator = `
server = tower_servers.search([("reference", "=", "${SERVER}")])
server.run_command(tower_commands.search([("reference", "=", "${command}")]))
result = {"allowed": True}`;
    const { endpoint } = await at.tower.addWebhook({ authenticator });
    const answer = await at.tower.call(endpoint);
    expect(answer.status).not.toBe(200);
    expect(await at.commandLogs({ command_id: command })).toEqual([]);
  });
});
