import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "./support.ts";

describeOpenSsh("commands that make files from templates", () => {
  let at: RunsFixture;
  let count = 0;
  let name = "";

  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());
  beforeEach(() => {
    name = `made${String((count += 1))}`;
  });

  async function addCommand(template: object, values: object = {}): Promise<string> {
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/file-templates", {
      name,
      server_dir: at.ssh.dir,
      ...template,
    });
    return at.addCommand("", { action: "file_using_template", file_template_id: reference, ...values });
  }
  const files = async () => (await at.tower.must<{ items: Log[] }>("GET", `/files?name=${name}`)).items;
  const read = () => readFile(`${at.ssh.dir}/${name}`, "utf8");

  const DONE = { command_status: 0, command_response: "File created and uploaded successfully", command_error: null };

  it("send them, with stored values and not with those of the run", async () => {
    await at.setVariable(`${name}_color`, "red");
    const command = await addCommand({ code: `{{ ${name}_color }}` });
    expect(await at.runCommand(command, { [`${name}_color`]: "blue" })).toMatchObject(DONE);
    expect(await read()).toBe("red");
    expect(await files()).toMatchObject([{ server_response: "ok", template_id: name, server_id: SERVER }]);
  });

  it("leave, overwrite or refuse what is there, as they are told", async () => {
    const command = await addCommand({ code: "one" });
    expect(await at.runCommand(command)).toMatchObject(DONE);
    await writeFile(`${at.ssh.dir}/${name}`, "by hand");
    expect(await at.runCommand(command)).toMatchObject({
      command_status: 0,
      command_response: "File already exists on server. Upload skipped",
    });
    expect(await read()).toBe("by hand");
    await at.tower.must("PATCH", `/commands/${command}`, { if_file_exists: "raise" });
    expect(await at.runCommand(command)).toMatchObject({
      command_status: -400,
      command_response: null,
      command_error: "An error occurred: File already exists on server.",
    });
    await at.tower.must("PATCH", `/commands/${command}`, { if_file_exists: "overwrite" });
    expect(await at.runCommand(command)).toMatchObject(DONE);
    expect(await read()).toBe("one");
    expect(await files()).toHaveLength(1);
  });

  it("end with -400 whatever goes wrong, and the file says what", async () => {
    const command = await addCommand({ server_dir: `${at.ssh.dir}/no/such`, code: "x" });
    const text = expect.stringContaining(`${at.ssh.dir}/no/such`);
    expect(await at.runCommand(command)).toMatchObject({ command_status: -400, command_error: text });
    expect(await files()).toMatchObject([{ server_response: text }]);
  });

  it("use the path of the command or of the line in place of the template's directory", async () => {
    await at.setVariable(`${name}_dir`, at.ssh.dir);
    const command = await addCommand({ server_dir: "/nowhere", code: "x" }, { path: `{{ ${name}_dir }}` });
    expect(await at.runCommand(command)).toMatchObject(DONE);
    expect(existsSync(`${at.ssh.dir}/${name}`)).toBe(true);
    const plan = await at.addPlan([{ command_id: command, path: "/also/nowhere" }]);
    const { log } = await at.runPlan(plan);
    expect(log).toMatchObject({ plan_status: -400 });
    expect((await files()).map((file) => file["server_dir"])).toEqual([at.ssh.dir, "/also/nowhere"]);
  });

  it("fetch files whose source is the server", async () => {
    await writeFile(`${at.ssh.dir}/${name}`, "from there");
    const command = await addCommand({ source: "server" });
    expect(await at.runCommand(command)).toMatchObject(DONE);
    expect(await files()).toMatchObject([{ source: "server", code: "from there" }]);
  });

  it("detach the file from its template when they are told to", async () => {
    const command = await addCommand({ code: "x" }, { disconnect_file: true });
    expect(await at.runCommand(command)).toMatchObject(DONE);
    expect(await files()).toMatchObject([{ template_id: null, code: "x" }]);
  });

  it("work without a log, and for users who see neither templates nor files", async () => {
    await at.tower.must("POST", "/users", { name, login: name, password: "a-long-password", group: "user" });
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: [name] });
    const command = await addCommand({ code: "x" }, { access_level: "user", user_ids: [name] });
    const code = `result = {"message": tower.server_run_command("${SERVER}", "${command}")}`;
    expect(await at.run(code, name)).toEqual({ exit_code: 0, message: DONE.command_response });
    expect(await read()).toBe("x");
  });
});
