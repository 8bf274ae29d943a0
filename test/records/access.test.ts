import { beforeAll, describe, expect, it } from "vitest";
import { models } from "../../src/models.ts";
import type { Actor } from "../../src/records/access.ts";
import { textOf } from "../../src/records/field.ts";
import type { RecordValues } from "../../src/records/model.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { openRecords, ROOT } from "./support.ts";

/**
 * Who may do what: r reads, w changes, d deletes; `-` is nothing, not even the knowledge that it is there.
 * `user` is listed as a user, `manager` as a manager, `reader` is a manager listed as a user only; the others
 * are listed nowhere. Everything was made by Root but what is called `made`, which `manager` made.
 */
type Rights = readonly [user: string, stranger: string, manager: string, reader: string, outsider: string];
const NOBODY: Rights = ["-", "-", "-", "-", "-"];
const MATRIX: ReadonlyArray<readonly [model: string, reference: string, rights: Rights]> = [
  ["server", "web", ["r", "-", "rw", "r", "-"]],
  ["server", "made", ["-", "-", "rwd", "-", "-"]],
  ["server", "hidden", NOBODY],
  ["command", "on_web", ["r", "-", "r", "r", "-"]],
  ["command", "everywhere", ["-", "-", "r", "r", "r"]],
  ["command", "for_managers", ["-", "-", "rw", "r", "r"]],
  ["command", "for_root", NOBODY],
  ["command", "on_hidden", NOBODY],
  ["plan", "deploy", ["r", "-", "rw", "r", "r"]],
  ["plan", "secret_plan", NOBODY],
  ["plan_line", "deploy_plan_line_1", ["r", "-", "rw", "r", "r"]],
  ["plan_line", "secret_plan_plan_line_1", NOBODY],
  ["plan_line_action", "deploy_plan_line_1_plan_line_action_1", ["r", "-", "rw", "r", "r"]],
  ["variable", "branch", ["r", "r", "r", "r", "r"]],
  ["variable", "level_two", ["-", "-", "r", "r", "r"]],
  ["variable", "level_three", NOBODY],
  ["variable", "made", ["-", "-", "rw", "r", "r"]],
  ["variable_value", "branch_variable_value_global", ["r", "r", "r", "r", "r"]],
  ["variable_value", "branch_variable_value_server_web", ["r", "-", "rw", "r", "-"]],
  ["variable_value", "branch_variable_value_server_hidden", NOBODY],
  ["variable_value", "level_two_variable_value_global", ["-", "-", "r", "r", "r"]],
  ["key", "A_SECRET", ["-", "-", "r", "r", "r"]],
  ["key", "managed", ["-", "-", "rw", "r", "r"]],
  ["key", "web_key", ["-", "-", "rw", "r", "-"]],
  ["key", "other_key", NOBODY],
  ["key_value", "a_secret_key_value_server_web", ["-", "-", "rw", "r", "-"]],
  ["key_value", "a_secret_key_value_server_hidden", NOBODY],
  ["file", "web_file_1", ["r", "-", "rw", "r", "-"]],
  ["file_template", "motd", ["-", "-", "rw", "r", "-"]],
  ["server_template", "small", ["-", "-", "rw", "r", "-"]],
  ["server_log", "syslog", ["r", "-", "rw", "r", "-"]],
  ["shortcut", "restart", ["r", "-", "r", "r", "-"]],
  ["scheduled_task", "nightly", ["-", "-", "rw", "r", "-"]],
  ["tag", "blue", ["r", "r", "r", "r", "r"]],
  ["tag", "made", ["r", "r", "rwd", "r", "r"]],
  ["os", "debian", ["r", "r", "r", "r", "r"]],
];

const ACTORS = ["user", "stranger", "manager", "reader", "outsider"] as const;

describeEachDatabase(({ openFreshDatabase }) => {
  describe("access rules", () => {
    let at: Awaited<ReturnType<typeof openRecords>>;
    const actors = new Map<string, Actor>();

    beforeAll(async () => {
      at = await openRecords(openFreshDatabase);
      for (const login of ACTORS) {
        const group = login === "user" || login === "stranger" ? "user" : "manager";
        await at.create("user", { login, name: login, group });
        const { id } = await at.db.main
          .selectFrom("users")
          .select("id")
          .where("login", "=", login)
          .executeTakeFirstOrThrow();
        actors.set(login, { userId: id, login, group });
      }
      await makeRecords(at.create, actorOf("manager"));
      return () => at[Symbol.asyncDispose]();
    }, 60_000);

    function actorOf(login: string): Actor {
      const actor = actors.get(login);
      if (!actor) throw new Error(`there is no actor ${login}`);
      return actor;
    }

    for (const [name, reference, rights] of MATRIX) {
      it.each(ACTORS.map((login, index) => [login, rights[index] ?? "-"]))(
        `${name} ${reference}: %s has %s`,
        async (login, right) => {
          const model = models.get(name);
          const actor = actorOf(login);
          expect(await may(() => at.records.get(model, reference, actor))).toBe(right.includes("r"));
          const listed = await listAll(name, actor);
          expect(listed.includes(reference)).toBe(right.includes("r"));
          expect(await may(() => at.records.update(model, reference, {}, actor))).toBe(right.includes("w"));
          expect(await mayInVain((operations) => operations.delete(model, reference, actor))).toBe(right.includes("d"));
        },
      );
    }

    it("everybody of Root may everything but write logs", async () => {
      for (const [name, reference] of MATRIX) {
        await at.records.get(models.get(name), reference, ROOT);
        await at.records.update(models.get(name), reference, {}, ROOT);
      }
      for (const name of ["command_log", "plan_log"]) {
        await expect(at.create(name, {})).rejects.toMatchObject({ code: "forbidden" });
        expect(await at.records.list(models.get(name), {}, ROOT)).toMatchObject({ items: [] });
      }
    });

    it("a user sees no addresses and credentials of a server, and a manager may not give what they cannot read", async () => {
      const seen = await at.records.get(models.get("server"), "web", actorOf("user"));
      for (const field of [
        "ip_v4_address",
        "ssh_port",
        "ssh_username",
        "has_ssh_password",
        "ssh_key_id",
        "use_sudo",
        "os_id",
        "manager_ids",
      ])
        expect(seen).not.toHaveProperty(field);
      expect(await at.records.get(models.get("server"), "web", actorOf("manager"))).toMatchObject({
        ip_v4_address: "192.0.2.1",
      });
      await expect(
        at.records.update(models.get("server"), "web", { ssh_key_id: "other_key" }, actorOf("manager")),
      ).rejects.toMatchObject({
        code: "invalid",
        errors: [{ path: "ssh_key_id", message: "there is no key other_key" }],
      });
    });

    it("nobody can make a record that they could not change", async () => {
      const make = (model: string, values: RecordValues) => at.create(model, values, actorOf("manager"));
      await expect(make("variable_value", { variable_id: "level_two" })).rejects.toMatchObject({ code: "invalid" });
      await expect(make("variable_value", { variable_id: "made" })).rejects.toMatchObject({ code: "forbidden" });
      await expect(make("command", { name: "x", access_level: "root" })).rejects.toMatchObject({ code: "forbidden" });
      await expect(make("server", { name: "x", ip_v4_address: "192.0.2.9", manager_ids: [] })).rejects.toMatchObject({
        code: "forbidden",
      });
      expect((await at.records.list(models.get("server"), { search: "x" }, ROOT)).items).toEqual([]);
      await expect(at.create("server", { name: "x" }, actorOf("user"))).rejects.toMatchObject({ code: "forbidden" });
    });

    it("lists of a record hold what may be read, and no names of the rest", async () => {
      await at.update("server", "web", { command_ids: ["on_web", "for_root", "everywhere"] });
      await at.create("server_log", { name: "closed", reference: "closed", access_level: "root", server_id: "web" });
      const see = async (login: string) => at.records.get(models.get("server"), "web", actorOf(login));
      expect(await see("user")).toMatchObject({ command_ids: ["on_web"], scheduled_task_ids: [] });
      expect((await see("user"))["server_log_ids"]).toEqual(["syslog"]);
      expect(await see("manager")).toMatchObject({ command_ids: ["on_web", "everywhere"], server_log_ids: ["syslog"] });
      expect((await at.get("server", "web"))["command_ids"]).toEqual(["on_web", "everywhere", "for_root"]);
    });

    it("nobody moves a record to where they could not change it", async () => {
      const reader = actorOf("reader");
      const change = (model: string, reference: string, values: RecordValues) =>
        at.records.update(models.get(model), reference, values, reader);
      await at.create("server", { name: "own", reference: "own", ip_v4_address: "192.0.2.3" }, reader);
      const line = { command_id: "everywhere" };
      await at.create("plan", { name: "own", reference: "own", line_ids: [line] }, reader);
      const file = textOf((await at.create("file", { name: "hosts", server_id: "own" }, reader))["reference"]);
      const owned = { variable_id: "level_two", server_id: "own", value_char: "x" };
      const value = textOf((await at.create("variable_value", owned, reader))["reference"]);
      const cases = [
        ["file", file, { server_id: "web", code: "x" }],
        ["variable_value", value, { server_id: "web" }],
        ["variable_value", value, { server_id: null, variable_id: "made" }],
        ["plan_line", "own_plan_line_1", { plan_id: "deploy" }],
      ] as const;
      for (const [model, reference, values] of cases) {
        const refused = change(model, reference, values);
        await expect(refused, `${model} ${JSON.stringify(values)}`).rejects.toMatchObject({ code: "forbidden" });
      }
      await change("file", file, { server_id: "own", code: "x" });
    });

    it("the value of an SSH key does not become a secret that commands can print", async () => {
      const change = (values: RecordValues) =>
        at.records.update(models.get("key"), "web_key", values, actorOf("manager"));
      await at.update("key", "web_key", { secret_value: "a private key" });
      await expect(change({ key_type: "s" })).rejects.toMatchObject({
        code: "invalid",
        errors: [{ path: "key_type" }],
      });
    });

    async function listAll(name: string, actor: Actor): Promise<string[]> {
      try {
        return (await at.records.list(models.get(name), { limit: 500 }, actor)).items.map((item) =>
          textOf(item["reference"]),
        );
      } catch (error) {
        expect(error).toMatchObject({ code: "forbidden" });
        return [];
      }
    }

    /** Whether it is allowed; it is taken back either way. */
    async function mayInVain(
      run: (operations: Parameters<Parameters<typeof at.records.transaction>[0]>[0]) => Promise<unknown>,
    ): Promise<boolean> {
      const rollback = new Error("taken back");
      let allowed = false;
      await at.records
        .transaction(async (operations) => {
          allowed = await may(() => run(operations));
          throw rollback;
        })
        .catch((error: unknown) => expect(error).toBe(rollback));
      return allowed;
    }
  });
});

/** Conflicts are no question of rights: what is in use stays for anybody. */
async function may(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    const { code } = error as { code: string };
    if (code === "conflict") return true;
    expect(["forbidden", "not_found"]).toContain(code);
    return false;
  }
}

type Create = (model: string, values: RecordValues, actor?: Actor) => Promise<RecordValues>;

async function makeRecords(create: Create, manager: Actor): Promise<void> {
  const roles = { user_ids: ["user", "reader"], manager_ids: ["manager"] };
  const named = (reference: string, values: RecordValues = {}) => ({ reference, name: reference, ...values });
  await create("os", named("debian"));
  await create("tag", named("blue"));
  await create("tag", named("made"), manager);
  await create("key", named("A_SECRET", { secret_value: "s" }));
  await create("key", named("managed", roles));
  for (const reference of ["web_key", "other_key"]) await create("key", named(reference, { key_type: "k" }));
  const address = { ip_v4_address: "192.0.2.1" };
  const web = {
    ...roles,
    ...address,
    ssh_auth_mode: "k",
    ssh_key_id: "web_key",
    secret_ids: [{ key_id: "A_SECRET", secret_value: "t" }],
  };
  await create("server", named("web", web));
  await create("server", named("hidden", { ...address, secret_ids: [{ key_id: "A_SECRET", secret_value: "u" }] }));
  await create("server", named("made", address), manager);
  await create("command", named("on_web", { access_level: "user", server_ids: ["web"] }));
  await create("command", named("everywhere"));
  await create("command", named("for_managers", roles));
  await create("command", named("for_root", { ...roles, access_level: "root" }));
  await create("command", named("on_hidden", { server_ids: ["hidden"] }));
  const lines = [{ command_id: "everywhere", action_ids: [{ condition: "==", value_char: "0", action: "n" }] }];
  await create("plan", named("deploy", { ...roles, access_level: "user", line_ids: lines }));
  await create("plan", named("secret_plan", { access_level: "root", line_ids: [{ command_id: "everywhere" }] }));
  await create("variable", named("branch", { access_level: "user" }));
  await create("variable", named("level_two"));
  await create("variable", named("level_three", { access_level: "root" }));
  await create("variable", named("made"), manager);
  for (const owner of [{}, { server_id: "web" }, { server_id: "hidden" }])
    await create("variable_value", { variable_id: "branch", value_char: "main", access_level: "user", ...owner });
  await create("variable_value", { variable_id: "level_two", value_char: "two" });
  await create("file", { name: "motd", server_id: "web" });
  await create("file_template", named("motd", roles));
  await create("server_template", named("small", roles));
  await create("server_log", named("syslog", { access_level: "user", server_id: "web" }));
  await create("shortcut", named("restart", { access_level: "user", command_id: "on_web", server_ids: ["web"] }));
  await create("scheduled_task", named("nightly", { ...roles, command_id: "everywhere", server_ids: ["web"] }));
}
