import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "./support.ts";

describeOpenSsh("Python commands", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
    await at.tower.addSecret("pin", "abc");
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  const python = async (code: string) => at.runCommand(await at.addCommand(code, { action: "python_code" }));

  it.each([
    ["# only a comment", 0, null, null],
    ["", 0, null, null],
    ['result = {"exit_code": 0}', 0, "None", null],
    ['result = {"exit_code": 0, "message": "done"}', 0, "done", null],
    ['result = {"message": "done"}', 0, "done", null],
    ['result = {"exit_code": 7, "message": "m"}', 7, null, "m"],
    ['result = {"exit_code": None, "message": "m"}', -100, null, "m"],
    ['result = {"exit_code": "x"}', -203, null, "exit_code is x, not a whole number"],
    ['result = {"exit_code": 10**12}', -203, null, expect.stringContaining("not a whole number")],
    ['result = "x"', -203, null, expect.stringContaining("not a dict")],
    ["1/0", -203, null, expect.stringContaining("ZeroDivisionError")],
    ['raise UserError("No way")', -203, null, "No way"],
  ])("end as their code says: %s", async (code, status, response, error) => {
    expect(await python(code)).toMatchObject({
      command_status: status,
      command_response: response,
      command_error: error,
      command_action: "python_code",
    });
  });

  it("see their server, their user and the values of the run", async () => {
    const code = `
custom_values["seen"] = [server.name, user.login, custom_values["tag"]]
result = {"message": server.reference}`;
    const command = await at.addCommand(code, { action: "python_code" });
    expect(await at.runCommand(command, { tag: "v1" })).toMatchObject({
      command_response: SERVER,
      variable_values: { tag: "v1", seen: [SERVER, "admin", "v1"] },
    });
  });

  it("keep what they did to the values, also when they fail", async () => {
    const log = await python('custom_values["step"] = 3\n1/0');
    expect(log).toMatchObject({ command_status: -203, variable_values: { step: 3 } });
  });

  it("have secrets as values, which nobody sees", async () => {
    const marker = "#!cxtower.secret.pin!#";
    const log = await python(`result = {"message": ${marker} + str(len(${marker}))}`);
    expect(log).toMatchObject({ command_response: "*****3", code: expect.stringContaining(marker) });
  });

  it("change records as one unit: kept when the code returns, dropped when it raises", async () => {
    await python('server.write({"note": "kept"})');
    await python('server.write({"note": "dropped"})\n1/0');
    expect(await at.tower.must("GET", `/servers/${SERVER}`)).toMatchObject({ note: "kept" });
  });

  it("run other commands", async () => {
    const shell = await at.addCommand("echo from the shell");
    const code = `result = {"message": tower.server_run_command("${SERVER}", "${shell}")["message"]}`;
    expect(await python(code)).toMatchObject({ command_response: "from the shell\n" });
  });

  it("have the rights of who runs them, and no more", async () => {
    await at.tower.must("POST", "/users", { name: "P", login: "p", password: "a-long-password", group: "user" });
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: ["p"] });
    const values = { action: "python_code", access_level: "user", user_ids: ["p"] };
    const command = await at.addCommand('server.write({"note": "mine"})', values);
    await at.run(
      `tower_servers.get_by_reference("${SERVER}").run_command(tower_commands.get_by_reference("${command}"))`,
      "p",
    );
    expect(await at.commandLogs({ command_id: command })).toMatchObject([
      { command_status: -203, command_error: expect.stringContaining("p may not update servers"), user_id: "p" },
    ]);
    expect(await at.tower.must("GET", `/servers/${SERVER}`)).toMatchObject({ note: "kept" });
  });
});

describeOpenSsh("texts of commands", () => {
  let at: RunsFixture;
  beforeAll(async () => {
    at = await startRuns();
    await at.setVariable("root", "/srv");
    await at.setVariable("nested", "{{ root }}/x");
    await at.setVariable("literal", "{{root}}/x");
    await at.setVariable("unset", null);
    await at.setVariable("empty", "");
    await at.setVariable("hidden", "everywhere");
    await at.setVariable("hidden", "", SERVER);
    await at.setVariable("own", "everywhere");
    await at.setVariable("own", "here", SERVER);
    await at.setVariable("lower", "ABC", undefined, { applied_expression: "result = value.lower()" });
    await at.setVariable("broken", "ABC", undefined, { applied_expression: "result = value.nothing()" });
    await at.setVariable("a", "{{ b }}");
    await at.setVariable("b", "{{ a }}");
    await at.tower.must("POST", "/variables", { name: "n", reference: "n" });
    await at.tower.addSecret("pin", "it's");
  });
  afterAll(async () => at[Symbol.asyncDispose]());

  describe.each([
    ["echo {{ nested }}", "/srv/x"],
    ["echo '{{ literal }}'", "{{root}}/x"],
    ["echo {{ n }}", "None"],
    ["echo {{ empty }} {{ hidden }}", "False False"],
    ["echo {{ own }}", "here"],
    ["echo {{ lower }} {{ broken }}", "abc ABC"],
    ["echo x{{ tower.server.nope }}x", "xx"],
    ["echo {{ tower.server.name }} {{ tower.server.reference }}", `${SERVER} ${SERVER}`],
    ["echo {% if own == 'here' %}yes{% else %}no{% endif %}", "yes"],
    ["echo '{{ no_variable }}' '{{.Names}}'", "{{ no_variable }} {{.Names}}"],
    ["echo {{ own|upper }}", "HERE"],
  ])("%s", (code, expected) => {
    it(`is rendered for the shell: ${expected}`, async () => {
      const log = await at.runCommand(await at.addCommand(code));
      expect(log).toMatchObject({ command_status: 0, command_response: `${expected}\n` });
    });
  });

  it("that hold each other are refused", async () => {
    expect(await at.runCommand(await at.addCommand("echo {{ a }}"))).toMatchObject({
      command_status: -100,
      command_error: expect.stringContaining("holds itself"),
    });
  });

  it("have values of the run before those of the server", async () => {
    const command = await at.addCommand("echo {{ own }} {{ given }}");
    expect(await at.runCommand(command, { own: "mine", given: "too" })).toMatchObject({
      command_response: "mine too\n",
    });
  });

  it("take payload values as one word when they are quoted", async () => {
    const command = await at.addCommand("printf '<%s>' {{ given|quote }}");
    const given = "a'; touch /tmp/hooktower_injected; echo '$(id) \"b\" \\\\ \n c";
    expect(await at.runCommand(command, { given })).toMatchObject({ command_response: `<${given}>` });
  });

  it.each([
    ["12.5", '"12.5"'],
    ["True", "True"],
    ["None", "None"],
    ['"text"', '"text"'],
  ])("are Python literals in Python code: %s", async (given, literal) => {
    const command = await at.addCommand(`result = {"message": {{ given }} == ${literal}}`, { action: "python_code" });
    await at.run(
      `tower_servers.get_by_reference("${SERVER}").run_command(` +
        `tower_commands.get_by_reference("${command}"), variable_values={"given": ${given}})`,
    );
    expect(await at.commandLogs({ command_id: command })).toMatchObject([{ command_response: "True" }]);
  });

  it("take no secret from values of the run, whole or in pieces", async () => {
    const values = { given: "#!cxtower.secret.pin!#", first: "#!cxtower.secret", rest: ".pin!#" };
    const run = async (command: string) => {
      const body = { command, variable_values: values, wait: 20 };
      return at.tower.must<Log>("POST", `/servers/${SERVER}/run-command`, body);
    };
    const shell = await at.addCommand("printf '%s %s' {{ given|quote }} {{ (first ~ rest)|quote }}");
    const response = "#!cxtower.secret.pin!# #!cxtower.secret.pin!#";
    expect(await run(shell)).toMatchObject({ command_status: 0, command_response: response });
    const code = 'result = {"message": {{ given }} + " " + {{ first }} + {{ rest }}}';
    const python = await at.addCommand(code, { action: "python_code" });
    expect(await run(python)).toMatchObject({ command_status: 0, command_response: response });
  });

  it("cannot be broken out of by values in Python code", async () => {
    const command = await at.addCommand('result = {"message": {{ given }}}', { action: "python_code" });
    const given = '"}\nresult = {"message": user.login}\n#\\';
    expect(await at.runCommand(command, { given })).toMatchObject({ command_response: given });
  });

  it("show placeholders in the log, and hide the values in what comes out", async () => {
    const marker = "#!cxtower.secret.pin!#";
    const log = await at.runCommand(
      await at.addCommand(`echo "${marker}"; echo "${marker}" >&2; echo "#!cxtower.secret.no!#"`),
    );
    expect(log).toMatchObject({
      code: expect.stringContaining(marker),
      command_response: "*****\nNone\n",
      command_error: "*****\n",
    });
  });
});
