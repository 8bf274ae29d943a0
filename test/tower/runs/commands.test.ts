import { afterAll, beforeAll, expect, it } from "vitest";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type RunsFixture } from "./support.ts";

describeOpenSsh("commands over SSH", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  it("run, and leave a log", async () => {
    const command = await at.addCommand("echo out; echo err >&2", { name: "Say both" });
    expect(await at.runCommand(command)).toMatchObject({
      name: `${SERVER}: Say both`,
      server_id: SERVER,
      command_id: command,
      command_action: "ssh_command",
      command_status: 0,
      command_response: "out\n",
      command_error: "err\n",
      is_running: false,
      use_sudo: null,
      user_id: "admin",
    });
  });

  it("end with the status of the program", async () => {
    const command = await at.addCommand("exit 7");
    expect(await at.runCommand(command)).toMatchObject({ command_status: 7, command_response: null });
  });

  it("run in the directory that is asked for", async () => {
    const command = await at.addCommand("pwd", { path: "/usr" });
    expect(await at.runCommand(command)).toMatchObject({ command_response: "/usr\n", path: "/usr" });
    await at.run(
      `tower_servers.get_by_reference("${SERVER}").run_command(tower_commands.get_by_reference("${command}"), path="/tmp")`,
    );
    expect(await at.commandLogs({ command_id: command })).toMatchObject([{ command_response: "/tmp\n" }, {}]);
  });

  it("give their end to code that wants no log", async () => {
    const command = await at.addCommand("echo hi; exit 3");
    const code = `
server = tower_servers.get_by_reference("${SERVER}")
answer = server.with_context(no_command_log=True).run_command(tower_commands.get_by_reference("${command}"))
result = {"message": answer}`;
    expect(await at.run(code)).toEqual({ status: 3, response: "hi\n", error: null });
    expect(await at.commandLogs({ command_id: command })).toEqual([]);
  });

  it("are refused on other servers than theirs", async () => {
    const other = await at.addServer();
    const command = await at.addCommand("echo no", { server_ids: [other] });
    expect(await at.runCommand(command)).toMatchObject({
      command_status: -207,
      command_error: "Command is not compatible with the server",
      is_running: false,
    });
  });
});
