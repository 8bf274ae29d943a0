import { expect, it } from "vitest";
import type { CodeUser } from "../../../src/guest/guest.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { models } from "../../../src/models.ts";
import { createSecretCipher } from "../../../src/records/secret-cipher.ts";
import type { PlanEnd, PlanRequest } from "../../../src/tower/runs/runs.ts";
import { createFileFromTemplate } from "../../../src/tower/files/create-from-template.ts";
import { createServerDeletion } from "../../../src/tower/servers/delete-server.ts";
import { createServerFromTemplate } from "../../../src/tower/servers/create-from-template.ts";
import { makeUser } from "../../db/rows.ts";
import { openRecords, SECRET_KEY } from "../../records/support.ts";
import { describeEachDatabase, type TestDatabases } from "../../support/databases.ts";

const clock = { now: () => 1_800_000_000_000 };

/** Records with a server `web`, and the tools of the tower that need neither a sandbox nor a server. */
async function open(databases: TestDatabases) {
  const at = await openRecords(databases.openFreshDatabase);
  const { id } = await at.db.main
    .insertInto("users")
    .values(makeUser("maker", { group: "manager" }))
    .returning("id")
    .executeTakeFirstOrThrow();
  const user: CodeUser = { id, login: "maker", name: "maker", email: null, group: "manager" };
  const cipher = createSecretCipher(SECRET_KEY);
  const unused = () => Promise.reject(new Error("nothing is moved here"));
  const tools = {
    db: at.db,
    clock,
    logger: silentLogger,
    records: at.records,
    models,
    cipher,
    secrets: { read: async () => new Map<string, null>(), assertKeyFits: async () => undefined },
    renderer: { render: async (text: string) => text, evaluate: async () => true, modify: async () => null },
    variables: { resolve: async () => ({}) },
    readTimeout: async () => null,
    ssh: { upload: unused, download: unused, deleteFile: unused },
  };
  await at.create("server", { name: "web", ip_v4_address: "192.0.2.1", manager_ids: ["maker"] });
  const idOf = async (table: "servers" | "file_templates", reference: string) =>
    (await at.db.main.selectFrom(table).select("id").where("reference", "=", reference).executeTakeFirstOrThrow()).id;
  return { ...at, tools, user, idOf };
}

describeEachDatabase((databases) => {
  it("one file is made of a template, however many want it at the same time", async () => {
    await using at = await open(databases);
    await at.create("file_template", { name: "conf", server_dir: "/etc", code: "x", user_ids: ["maker"] });
    const request = {
      templateId: await at.idOf("file_templates", "conf"),
      serverId: await at.idOf("servers", "web"),
      user: at.user,
      ifFileExists: "skip" as const,
    };
    const made = await Promise.all(Array.from({ length: 8 }, () => createFileFromTemplate(at.tools, request)));
    expect(new Set(made.map(({ fileId }) => fileId)).size).toBe(1);
    expect(made.filter(({ outcome }) => outcome === "created")).toHaveLength(1);
    expect(await at.get("file", "web_file_1")).toMatchObject({ name: "conf", server_dir: "/etc", code: "x" });
  });

  it("a server is made of a template with its password, and knows the template", async () => {
    await using at = await open(databases);
    await at.create("variable", { name: "region" });
    await at.create("server_template", {
      name: "vps",
      ssh_password: "s3cret",
      ssh_username: "deploy",
      user_ids: ["maker"],
      variable_value_ids: [{ variable_id: "region", value_char: "eu" }],
    });
    const made = await createServerFromTemplate(at.tools, { template: "vps", name: "new", user: at.user });
    expect(made).toEqual({ id: await at.idOf("servers", "new"), reference: "new", flightPlanId: null });
    expect(await at.get("server", "new")).toMatchObject({
      ssh_username: "deploy",
      has_ssh_password: true,
      server_template_id: "vps",
      manager_ids: ["maker"],
    });
    expect(await at.get("variable_value", "region_variable_value_server_new")).toMatchObject({ value_char: "eu" });
  });

  it.each([
    [0, null],
    [3, "delete_error"],
    [-308, "delete_error"],
  ])("a server whose plan ended with %j is deleted, or says that it was not", async (status, left) => {
    await using at = await open(databases);
    await at.create("plan", { name: "farewell", access_level: "root" });
    const serverId = await at.idOf("servers", "web");
    await at.update("server", "web", { plan_delete_id: "farewell" });
    await at.db.main.updateTable("servers").set({ create_uid: at.user.id }).execute();
    const { promise: ended, resolve: end } = Promise.withResolvers<PlanEnd | null>();
    const asked: PlanRequest[] = [];
    const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
    const deletion = createServerDeletion({
      ...at.tools,
      jobs: { addTaken: async () => 7, finish: async () => (done(), true), giveBack: async () => undefined },
      runs: {
        async startPlan(request) {
          asked.push(request);
          return { logId: 1, ended };
        },
      },
    });
    expect(await deletion.begin(serverId, at.user)).toBe(true);
    expect(asked).toMatchObject([{ serverId, trusted: true, user: { login: "maker" } }]);
    expect(await at.get("server", "web")).toMatchObject({ status: "deleting" });
    end({ logId: 1, status, message: null, variableValues: {} });
    await isDone;
    // Another transaction waits until that of the deletion is over.
    await at.db.main.transaction().execute(async (trx) => {
      await trx.updateTable("servers").set({ note: "" }).where("id", "=", serverId).execute();
    });
    const row = await at.db.main.selectFrom("servers").select("status").where("id", "=", serverId).executeTakeFirst();
    expect(row?.status ?? null).toBe(left);
  });
});
