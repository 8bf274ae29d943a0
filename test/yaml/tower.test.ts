import { describe, expect, it } from "vitest";
import { models, openYamlHouse } from "./support.ts";

const PLAN = `cetmix_tower_yaml_version: 1
records:
- cetmix_tower_model: plan
  access_level: user
  reference: say_hello
  name: Say hello
  tag_ids:
  - {reference: demo, name: Demo}
  line_ids:
  - sequence: 10
    condition: '{{ env_name }} == "prod"'
    command_id:
      reference: echo_hello
      name: Echo hello
      action: ssh_command
      code: 'echo {{ env_name }}'
    action_ids:
    - {sequence: 10, condition: '!=', value_char: '0', action: ec, custom_exit_code: 30,
       variable_value_ids: [{variable_id: {reference: failed, name: Failed}, value_char: yes}]}
  - sequence: 20
    command_id: echo_hello
`;

const SERVER = `cetmix_tower_yaml_version: 1
records:
- cetmix_tower_model: server
  reference: web_1
  name: Web 1
  ssh_auth_mode: k
  ssh_key_id: {reference: deploy_key, name: Deploy key, key_type: k}
  os_id: {reference: debian_12, name: Debian 12, parent_id: {reference: debian_11, name: Debian 11}}
  variable_value_ids:
  - {variable_id: {reference: branch, name: Branch}, value_char: main}
  secret_ids:
  - {reference: db_on_web_1, key_id: {reference: DB, name: DB, key_type: s}}
  scheduled_task_ids:
  - {reference: nightly, name: Nightly, action: command, command_id: {reference: date, name: Date, code: date},
     interval_type: days, next_call: 2026-12-01 03:00:00}
  unknown_key: 1
`;

describe("files with records of the Tower", () => {
  it("make a plan with its lines, actions, values and what they point at", async () => {
    await using at = await openYaml();
    const report = await at.importYaml(PLAN);
    expect(report.created.toSorted()).toEqual([
      "command echo_hello",
      "plan say_hello",
      "plan_line say_hello_plan_line_1",
      "plan_line say_hello_plan_line_2",
      "plan_line_action say_hello_plan_line_1_plan_line_action_1",
      "tag demo",
      "variable failed",
      "variable_value failed_variable_value_plan_line_action_say_hello_plan_line_1_plan_line_action_1",
    ]);
    expect(report).toMatchObject({ ignored: [], warnings: [] });
    expect(await at.get("plan", "say_hello")).toMatchObject({
      access_level: "user",
      tag_ids: ["demo"],
      line_ids: ["say_hello_plan_line_1", "say_hello_plan_line_2"],
    });
    expect(await at.get("plan_line_action", "say_hello_plan_line_1_plan_line_action_1")).toMatchObject({
      value_char: "0",
      custom_exit_code: 30,
    });
  });

  it("give the same text when they are exported and imported elsewhere", async () => {
    await using at = await openYaml();
    await at.importYaml(PLAN);
    await at.importYaml(SERVER);
    const text = await at.exportAll();
    await using other = await openYaml();
    await other.importYaml(text);
    expect(await other.exportAll()).toBe(text);
  });

  it.each(["skip", "update"] as const)("imported again in mode %s add nothing", async (mode) => {
    await using at = await openYaml();
    await at.importYaml(PLAN);
    const before = await at.exportAll();
    const report = await at.importYaml(PLAN, mode);
    expect(report.created).toEqual([]);
    expect(await at.exportAll()).toBe(before);
  });

  it("change what they name and take nothing away", async () => {
    await using at = await openYaml();
    await at.importYaml(PLAN);
    await at.importYaml(
      "records: [{cetmix_tower_model: plan, reference: say_hello, tag_ids: [{reference: more, name: More}], line_ids: [{condition: 'True'}]}]",
      "update",
    );
    expect(await at.get("plan", "say_hello")).toMatchObject({ name: "Say hello", tag_ids: ["demo", "more"] });
    expect(await at.get("plan_line", "say_hello_plan_line_1")).toMatchObject({
      condition: "True",
      command_id: "echo_hello",
    });
    expect((await at.get("plan", "say_hello"))["line_ids"]).toHaveLength(2);
  });

  it("make a server without its password and address, which no file holds", async () => {
    await using at = await openYaml();
    const report = await at.importYaml(SERVER);
    expect(report.ignored).toEqual(["server web_1: unknown_key"]);
    expect(await at.get("server", "web_1")).toMatchObject({
      os_id: "debian_12",
      ssh_key_id: "deploy_key",
      has_ssh_password: false,
      variable_value_ids: ["branch_variable_value_server_web_1"],
      secret_ids: ["db_on_web_1"],
      scheduled_task_ids: ["nightly"],
    });
    expect(await at.get("scheduled_task", "nightly")).toMatchObject({ next_call: "2026-12-01T03:00:00.000Z" });
  });

  it("are refused whole when one nested record is wrong, with its place", async () => {
    await using at = await openYaml();
    const wrong = PLAN.replace("action: ec,", "action: explode,");
    await expect(at.importYaml(wrong)).rejects.toMatchObject({
      code: "invalid",
      errors: [{ path: "records.0.line_ids.0.action_ids.0.action", message: "must be one of e, ec, n" }],
    });
    await expect(at.importYaml(PLAN.replace("access_level: user", "access_level: boss"))).rejects.toMatchObject({
      message: "Wrong value for 'access_level' key: boss",
    });
    await expect(at.get("plan", "say_hello")).rejects.toMatchObject({ code: "not_found" });
  });
});

async function openYaml() {
  const house = await openYamlHouse();
  return {
    importYaml: house.importText,
    get: (model: string, reference: string) => house.records.get(models.get(model), reference, house.admin),
    exportAll: async () =>
      house.yaml.exportYaml(await house.yaml.selectAll(house.admin), { explode: true }, house.admin),
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}
