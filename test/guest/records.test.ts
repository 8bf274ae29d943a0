import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ALLOW, startTestTower, type TestTower } from "../support/tower.ts";

/** Code that runs as a plain User who is listed on `web` and nowhere else. */
const USER = { fields: { user_id: "plain" } };

describe("records in snippets", () => {
  let tower: TestTower;
  beforeAll(async () => {
    tower = await startTestTower();
    const address = { ip_v4_address: "192.0.2.1", ssh_username: "deploy" };
    await tower.must("POST", "/users", { login: "plain", name: "Plain", group: "user" });
    await tower.must("POST", "/os", { name: "Debian 12", reference: "debian" });
    for (const name of ["web", "db", "hidden"])
      await tower.must("POST", "/servers", { name, ...address, os_id: "debian", ssh_password: "s3cret-pass" });
    await tower.must("PATCH", "/servers/web", { user_ids: ["plain"] });
    await tower.must("POST", "/variables", { name: "branch", reference: "branch", access_level: "user" });
    await tower.must("POST", "/variable-values", { variable_id: "branch", value_char: "main", access_level: "user" });
    await tower.must("POST", "/keys", { name: "K", reference: "K", secret_value: "value-of-the-key" });
  }, 60_000);
  afterAll(() => tower[Symbol.asyncDispose]());

  /** Runs code as a webhook and gives what it says. */
  async function run(
    code: string,
    parts: Parameters<TestTower["addWebhook"]>[0] = {},
  ): Promise<{ status: number; message: unknown }> {
    const { endpoint } = await tower.addWebhook({ authenticator: ALLOW, ...parts, code });
    const answer = await tower.call(endpoint);
    return { status: answer.status, message: answer.message };
  }

  const say = (expression: string) => `result = {"exit_code": 0, "message": ${expression}}`;

  it.each([
    ["tower_servers.search([]).mapped('name')", ["db", "hidden", "web"]],
    ["tower_servers.search([('name', 'in', ['web', 'db'])], order='name desc').mapped('name')", ["web", "db"]],
    ["tower_servers.search([], limit=1, offset=1).name", "hidden"],
    [
      "tower_servers.search([('os_id.name', 'ilike', 'debian'), '!', ('name', '=', 'web')]).mapped('reference')",
      ["db", "hidden"],
    ],
    ["env['cx.tower.server'].search_count(['|', ('name', '=', 'web'), ('name', '=like', 'd%')])", 2],
    ["tower_servers.search([]).mapped('os_id').name", "Debian 12"],
    ["tower_servers.search([]).filtered(lambda s: s.name == 'web').sorted('name').ensure_one().display_name", "web"],
    ["str(tower_servers.get_by_reference('nope'))", "cx.tower.server()"],
    ["bool(tower_servers.get_by_reference('web')) and 'cx.tower.plan' in env and 'cx.nope' not in env", true],
    ["[tower_servers.name, tower_servers.os_id.name, tower_servers.id, tower_servers.ids]", [false, false, false, []]],
    ["tower_servers.get_by_reference('web').ssh_password", "*****"],
    ["env['cx.tower.variable.value'].search([('server_id', '=', False)]).access_level", "1"],
    ["tower.server_get_variable_value('web', 'branch')", "main"],
    ["tower_servers.get_by_reference('web').create_date.year > 2020", true],
    ["len(tower_servers.search([('create_date', 'in', tower_servers.search([]).mapped('create_date'))]))", 3],
    ["len(tower_servers.search([('create_date', '>', datetime.date(2020, 1, 1))]))", 3],
    ["(tower_servers.search([]) - tower_servers.get_by_reference('web')).mapped('name')", ["db", "hidden"]],
    ["env.user.login + ' ' + str(env.uid == uid)", "admin True"],
  ])("%s is %j", async (expression, expected) => {
    expect(await run(say(expression))).toEqual({ status: 200, message: expected });
  });

  it.each([
    ["tower_servers.search([]).name", "ValueError: Expected singleton: cx.tower.server("],
    ["tower_servers.search([('nope', '=', 1)])", "servers cannot be searched by nope"],
    ["tower_servers.search([('ssh_password', 'like', 's')])", "servers cannot be searched by ssh_password"],
    ["tower_servers.search(['|', ('name', '=', 'x')])", "ValueError: the domain has nothing for | to join"],
    ["tower_servers.search([], order='password')", "is no order of cx.tower.server"],
    ["env['cx.nope']", "KeyError: 'cx.nope'"],
    ["tower_servers.get_by_reference('web').nope", "AttributeError: 'cx.tower.server' object has no attribute 'nope'"],
    ["tower_servers.browse(999999).name", "Server 999999 is not there any more"],
    ["tower_servers.create({'name': 'x'})", "Please provide IPv4 or IPv6 address for x"],
    ["tower.nope()", "AttributeError: 'tower' object has no attribute 'nope'"],
    ["tower_servers.with_user(1000)", "Code runs as its own user only"],
  ])("%s fails with %s", async (expression, text) => {
    const { status, message } = await run(say(expression));
    expect(status).toBe(500);
    expect(message).toContain(text);
  });

  it.each([
    ["datetime.datetime(2030, 7, 2, 3, 4, 5)", "2030-07-02 03:04:05"],
    ["timezone('Europe/Berlin').localize(datetime.datetime(2030, 7, 2, 3, 4, 5))", "2030-07-02 01:04:05"],
    ["datetime.date(2030, 7, 2)", "2030-07-02 00:00:00"],
    ["'2030-07-02 03:04'", "2030-07-02 03:04:00"],
    ["'2030-07-02 03:04:05'", "2030-07-02 03:04:05"],
    ["str(datetime.datetime(2030, 7, 2, 3, 4, 5, 678000))", "2030-07-02 03:04:05.678000"],
    ["datetime.datetime(2030, 7, 2, 3, 4, 5).isoformat()", "2030-07-02 03:04:05"],
    ["'2030-07-02T03:04:05+02:00'", "2030-07-02 01:04:05"],
  ])("take %s as a time, which is UTC", async (time, expected) => {
    const code = [
      "command = env['cx.tower.command'].create({'name': 'c', 'code': 'true'})",
      "values = {'name': 't', 'action': 'command', 'command_id': command.id, 'interval_number': 1, 'interval_type': 'days'}",
      "ids = tower_servers.get_by_reference('web').ids",
      `task = env['cx.tower.scheduled.task'].create({**values, 'server_ids': [(6, 0, ids)], 'next_call': ${time}})`,
      "result = {'message': str(task.next_call)}",
    ].join("\n");
    expect(await run(code)).toEqual({ status: 200, message: expected });
  });

  it("a field of JSON holds what was written, also what looks like a record, a time or bytes", async () => {
    const forged = [{ $records: ["cx.tower.server", [1]] }, { $datetime: "x" }, { $bytes: "!" }, { a: [{ b: null }] }];
    await tower.must("PATCH", "/servers/web", { metadata: { forged } });
    const code = "server = tower_servers.get_by_reference('web')\nserver.metadata['forged'].clear()\n";
    const both = "[server.metadata['forged'], server.read(['metadata'])[0]['metadata']['forged']]";
    expect((await run(code + say(both))).message).toEqual([forged, forged]);
    await tower.must("PATCH", "/servers/web", { metadata: null });
  });

  it("are seen by the run that wrote them, and kept when the code returns, whatever its exit code", async () => {
    const code = [
      "made = tower_servers.create({'name': 'New', 'ip_v4_address': '192.0.2.7', 'variable_value_ids': [(0, 0, {'variable_id': env['cx.tower.variable'].get_by_reference('branch').id, 'value_char': 'dev'})]})",
      "made.write({'note': 'written'})",
      "found = tower_servers.search([('note', '=', 'written')])",
      "made.set_variable_value('branch', 'next')",
      "values = [found == made, found.variable_value_ids.value_char, made.get_variable_value('branch')]",
      "result = {'exit_code': 3, 'message': str(values)}",
    ].join("\n");
    expect(await run(code)).toEqual({ status: 500, message: "[True, 'next', 'next']" });
    expect(await tower.must("GET", "/servers/new")).toMatchObject({
      note: "written",
      variable_value_ids: ["branch_variable_value_server_new"],
    });
    expect(await run("tower_servers.get_by_reference('new').unlink()")).toMatchObject({ status: 200 });
    expect((await tower.api("GET", "/servers/new")).status).toBe(404);
  });

  it("are as before when the code raises or breaks a limit", async () => {
    const write = "tower_servers.get_by_reference('db').write({'note': 'dropped'})\n";
    for (const end of ["raise UserError('no')", "while True: pass"]) expect((await run(write + end)).status).toBe(500);
    expect(await tower.must("GET", "/servers/db")).toMatchObject({ note: null });
  });

  it("keep writes of two runs apart, and the second learns of a name that the first took", async () => {
    const code =
      "made = env['cx.tower.tag'].create({'name': 'Twice', 'reference': 'twice'})\ntime.sleep(1)\nresult = {'message': made.reference}";
    const { endpoint } = await tower.addWebhook({ authenticator: ALLOW, code });
    const answers = await Promise.all([tower.call(endpoint), tower.call(endpoint)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 500]);
    const refused = answers.find(({ status }) => status === 500);
    expect(refused?.message).toContain("What the code did to records could not be kept");
    expect((await tower.must<{ items: unknown[] }>("GET", "/tags?reference=twice")).items).toHaveLength(1);
  });

  it("are changed a bounded number of times by one run", async () => {
    const many = "env['cx.tower.tag'].create([{'name': 't%d' % n} for n in range(1001)])";
    expect((await run(many)).message).toBe(
      "Webhook code execution error: One run can make, change or delete 1000 records",
    );
  });

  it("can be changed 200 times by one run, each time as the change before left them", async () => {
    const write = (times: number, reference: string) =>
      [
        `tag = env['cx.tower.tag'].create({'name': '0', 'reference': '${reference}'})`,
        `for n in range(${times}): tag.write({'name': str(int(tag.name) + 1)})`,
        "result = {'message': tag.name}",
      ].join("\n");
    expect(await run(write(199, "counted"))).toEqual({ status: 200, message: "199" });
    expect(await tower.must("GET", "/tags/counted")).toMatchObject({ name: "199" });
    const { status, message } = await run(write(200, "uncounted"));
    expect({ status, message }).toEqual({
      status: 500,
      message:
        "Webhook code execution error: One run can change records 200 times: write several records with one call",
    });
    expect((await tower.api("GET", "/tags/uncounted")).status).toBe(404);
  }, 60_000);

  describe("of a plain user", () => {
    // Every method of the record API, on a record that the user is not listed on.
    const hidden = "env['cx.tower.server'].browse(HIDDEN)";
    it.each([
      ["read a field", `${hidden}.name`],
      ["read", `${hidden}.read(['name'])`],
      ["mapped", `${hidden}.mapped('name')`],
      ["write", `${hidden}.write({'note': 'mine'})`],
      ["unlink", `${hidden}.unlink()`],
      ["a method", `${hidden}.set_variable_value('branch', 'x')`],
      ["create", "tower_servers.create({'name': 'x', 'ip_v4_address': '192.0.2.1'})"],
      ["write to what may be read", "tower_servers.get_by_reference('web').write({'note': 'mine'})"],
      ["read a hidden field", "tower_servers.get_by_reference('web').ip_v4_address"],
      ["search by a hidden field", "tower_servers.search([('ip_v4_address', 'like', '192')])"],
      ["search through a hidden field", "tower_servers.search([('ssh_key_id.name', '!=', False)])"],
      ["sort by a hidden field", "tower_servers.search([], order='ip_v4_address')"],
      ["sudo", `${hidden}.sudo().name`],
      ["users", "env['res.users'].search([])"],
      ["keys", "env['cx.tower.key'].search([])"],
      ["webhooks", "env['cx.tower.webhook'].search([])"],
    ])("%s is refused", async (_name, expression) => {
      const [id] = (await hiddenId()) as [number];
      const { status, message } = await run(say(`str(${expression.replace("HIDDEN", String(id))})`), USER);
      expect(status, String(message)).toBe(500);
      expect(message).toMatch(/may not|not allowed|is no order/);
    });

    it("finds what they may see and nothing of the rest", async () => {
      const [id] = (await hiddenId()) as [number];
      const expression = `[tower_servers.search([]).mapped('name'), bool(tower_servers.get_by_reference('hidden')), tower_servers.search_count([('id', '=', ${id})]), tower.server_get_variable_value('hidden', 'branch'), tower.server_set_variable_value('hidden', 'branch', 'x')['exit_code'], env['cx.tower.variable.value'].search_count([])]`;
      expect(await run(say(expression), USER)).toEqual({ status: 200, message: [["web"], false, 0, null, -101, 1] });
    });

    async function hiddenId(): Promise<unknown> {
      return (await run(say("tower_servers.get_by_reference('hidden').ids"))).message;
    }
  });

  it("can be read by an authenticator as the webhook's user may, and not changed", async () => {
    const authenticator =
      "result = {'allowed': tower_servers.search([]).mapped('name') == ['web'] and user.login == 'public'}";
    expect(await run(say("'in'"), { ...USER, authenticator })).toEqual({ status: 200, message: "in" });
    const writing = "tower_servers.search([]).write({'note': 'x'})\nresult = {'allowed': True}";
    const refused = await run(say("'in'"), { authenticator: writing });
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.message).toContain("An authenticator may read records, not change them");
  });

  it("give nothing through which a program could reach another run or the interpreter", async () => {
    for (const expression of [
      "env._Environment__state",
      "tower_servers._RecordSet__state",
      "env.__class__",
      "tower._HostObject__call",
      "'{0._RecordSet__state}'.format(tower_servers)",
      "tower_servers.mapped('__class__')",
    ]) {
      const { endpoint } = await tower.addWebhook({ authenticator: ALLOW }).catch(() => ({ endpoint: "" }));
      const saved = await tower.api("PATCH", `/webhooks/${endpoint}`, { code: say(expression) });
      if (saved.status === 422) continue;
      expect((await run(say(expression))).status, expression).toBe(500);
    }
  });
});
