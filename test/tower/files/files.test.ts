import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { CodeUser } from "../../../src/guest/guest.ts";
import { describeOpenSsh } from "../../support/openssh.ts";
import { SERVER, startRuns, type Log, type RunsFixture } from "../runs/support.ts";
import { openParts, type Parts } from "../support.ts";

describeOpenSsh("files of servers", () => {
  let at: RunsFixture;
  let parts: Parts;
  let admin: CodeUser;
  let dir: string;
  let count = 0;

  beforeAll(async () => {
    at = await startRuns();
    parts = openParts(at.tower);
    admin = await parts.user("admin");
  });
  afterAll(async () => {
    await parts[Symbol.asyncDispose]();
    await at[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    dir = `${at.ssh.dir}/${String((count += 1))}`;
    await mkdir(dir);
  });

  async function addFile(values: Readonly<Record<string, unknown>>) {
    const record = { name: "f", server_id: SERVER, server_dir: dir, ...values };
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/files", record);
    return { reference, id: await parts.idOf("file", reference) };
  }
  const view = (reference: string) => at.tower.must<Log>("GET", `/files/${reference}`);

  it("are sent with the values of their server, and secrets that nothing keeps", async () => {
    await at.setVariable("app_dir", dir);
    await at.setVariable("app_port", "80");
    await at.setVariable("app_port", "8080", SERVER);
    await at.tower.addSecret("app_key", "s3cret-value");
    const code =
      "port={{ app_port }}\nkey=#!cxtower.secret.app_key!#\nhost={{ tower.server.name }}\n{{ no_variable }}\n";
    const { reference, id } = await addFile({ name: "{{ app_port }}.conf", server_dir: "{{ app_dir }}/", code });
    await parts.files.push(id, admin);
    expect(await readFile(`${dir}/8080.conf`, "utf8")).toContain(`port=8080\nkey=s3cret-value\nhost=${SERVER}\n`);
    const record = await view(reference);
    expect(record).toMatchObject({ server_response: "ok", code, sync_date_last: expect.stringMatching(/^20/) });
    expect(JSON.stringify(record)).not.toContain("s3cret-value");
  });

  it("are fetched: text, and bytes as they are", async () => {
    const bytes = randomBytes(1000);
    await writeFile(`${dir}/t`, "größer {{ x }}\n");
    await writeFile(`${dir}/b`, bytes);
    const textFile = await addFile({ name: "t", source: "server" });
    const binary = await addFile({ name: "b", source: "server", file_type: "binary" });
    await parts.files.pull(textFile.id, admin);
    await parts.files.pull(binary.id, admin);
    expect(await view(textFile.reference)).toMatchObject({ code: "größer {{ x }}\n", server_response: "ok" });
    expect(await view(binary.reference)).toMatchObject({ file: bytes.toString("base64") });
    await at.tower.must("PATCH", `/files/${binary.reference}`, { name: "copy", source: "tower" });
    await parts.files.push(binary.id, admin);
    expect((await readFile(`${dir}/copy`)).equals(bytes)).toBe(true);
  });

  it("say what went wrong, in one line, and keep what they had", async () => {
    await writeFile(`${dir}/nul`, "a\0b");
    const nul = await addFile({ name: "nul", source: "server", code: "before" });
    await expect(parts.files.pull(nul.id, admin)).rejects.toMatchObject({ code: "invalid" });
    expect(await view(nul.reference)).toMatchObject({
      code: "before",
      server_response: expect.stringContaining("it holds a NUL character"),
      sync_date_last: null,
    });
    const missing = await addFile({ name: "missing", source: "server" });
    await expect(parts.files.pull(missing.id, admin)).rejects.toThrow(`The file ${dir}/missing not found.`);
    expect(await view(missing.reference)).toMatchObject({ server_response: `The file ${dir}/missing not found.` });
    const nowhere = await addFile({ server_dir: `${dir}/no/such`, code: "x" });
    await expect(parts.files.push(nowhere.id, admin)).rejects.toMatchObject({ code: "invalid" });
    expect(await view(nowhere.reference)).toMatchObject({ server_response: expect.stringContaining("/no/such") });
    const broken = await addFile({ code: "{% if tower %}{{ tower.server.name | nofilter }}" });
    await expect(parts.files.push(broken.id, admin)).rejects.toMatchObject({ code: "invalid" });
    const { server_response: said } = await view(broken.reference);
    expect(said).toMatch(/\S/);
    expect(said).not.toContain("\n");
  });

  it("of a server that is away are not moved", async () => {
    const away = await at.addServer({ ssh_port: 1 });
    const { id, reference } = await addFile({ server_id: away, code: "x" });
    await expect(parts.files.push(id, admin)).rejects.toMatchObject({ code: "unavailable" });
    expect((await view(reference))["server_response"]).toContain("127.0.0.1:1");
  });

  it("are moved by who may change them, and deleted there by who may delete them", async () => {
    const { id } = await addFile({ code: "x" });
    const plain = await parts.addUser("file_user", "user");
    const manager = await parts.addUser("file_manager", "manager");
    await expect(parts.files.push(id, manager)).rejects.toMatchObject({ code: "forbidden" });
    await at.tower.must("PATCH", `/servers/${SERVER}`, { user_ids: ["file_user"], manager_ids: ["file_manager"] });
    for (const move of [parts.files.push, parts.files.pull, parts.files.deleteFromServer])
      await expect(move(id, plain)).rejects.toMatchObject({ code: "forbidden" });
    await parts.files.push(id, manager);
    await parts.files.pull(id, manager);
    // Deleting takes having made it.
    await expect(parts.files.deleteFromServer(id, manager)).rejects.toMatchObject({ code: "forbidden" });
    await parts.files.deleteFromServer(id, admin);
    expect(existsSync(`${dir}/f`)).toBe(false);
    // What is not there needs no deleting.
    await parts.files.deleteFromServer(id, admin);
  });

  it("that were sent go with their record, unless they are to be kept", async () => {
    const [gone, kept, never] = [
      await addFile({ name: "gone", code: "x" }),
      await addFile({ name: "kept", code: "x", keep_when_deleted: true }),
      await addFile({ name: "never", code: "x" }),
    ];
    await parts.files.push(gone.id, admin);
    await parts.files.push(kept.id, admin);
    await writeFile(`${dir}/never`, "somebody else's");
    for (const { reference } of [gone, kept, never])
      expect((await at.tower.api("DELETE", `/files/${reference}`)).status).toBe(204);
    expect(["gone", "kept", "never"].map((name) => existsSync(`${dir}/${name}`))).toEqual([false, true, true]);
    expect((await at.tower.api("GET", `/files/${gone.reference}`)).status).toBe(404);
  });

  it("that cannot be deleted on their server keep their record, and the answer says why", async () => {
    const server = await at.addServer();
    const { id, reference } = await addFile({ server_id: server, code: "x" });
    await parts.files.push(id, admin);
    await at.tower.must("PATCH", `/servers/${server}`, { ssh_port: 1 });
    const answer = await at.tower.api("DELETE", `/files/${reference}`);
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining("so its record stays")]);
    expect(await view(reference)).toMatchObject({ server_response: expect.stringContaining("127.0.0.1:1") });
    await at.tower.must("PATCH", `/files/${reference}`, { keep_when_deleted: true });
    expect((await at.tower.api("DELETE", `/files/${reference}`)).status).toBe(204);
  });

  it("go with their record when code deletes it, too", async () => {
    const { id, reference } = await addFile({ name: "by_code", code: "x" });
    await parts.files.push(id, admin);
    await at.run(`env["cx.tower.file"].get_by_reference("${reference}").unlink()`);
    expect(existsSync(`${dir}/by_code`)).toBe(false);
    expect((await at.tower.api("GET", `/files/${reference}`)).status).toBe(404);
  });

  it("of a template are found again by where they end up", async () => {
    await at.setVariable("place", dir);
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/file-templates", {
      name: "conf",
      file_name: "a.conf",
      server_dir: "{{ place }}",
      code: "one",
    });
    const request = {
      templateId: await parts.idOf("file_template", reference),
      serverId: await parts.idOf("server", SERVER),
      user: admin,
    };
    const create = (ifFileExists: "skip" | "overwrite" | "raise", directory = "") =>
      parts.files.createFromTemplate({ ...request, ifFileExists, directory });
    const first = await create("raise");
    expect(first).toMatchObject({ outcome: "created", source: "tower" });
    expect(await create("skip", `${dir}/`)).toEqual({ ...first, outcome: "found" });
    await expect(create("raise")).rejects.toThrow("File already exists on server.");
    await at.tower.must("PATCH", `/file-templates/${reference}`, { code: "two" });
    expect(await create("overwrite", dir)).toEqual({ ...first, outcome: "overwritten" });
    const { items } = await at.tower.must<{ items: Log[] }>("GET", `/files?template_id=${reference}`);
    expect(items).toMatchObject([{ name: "a.conf", server_dir: dir, code: "two", server_id: SERVER }]);
    expect(await create("raise", "/elsewhere")).toMatchObject({ outcome: "created" });
    const stranger = await parts.addUser("stranger", "manager");
    const forbidden = parts.files.createFromTemplate({ ...request, user: stranger, ifFileExists: "skip" });
    await expect(forbidden).rejects.toMatchObject({ code: "forbidden" });
  });

  it("of a template are made once, however many want them at the same time", async () => {
    const { reference } = await at.tower.must<{ reference: string }>("POST", "/file-templates", {
      name: "burst",
      server_dir: dir,
      code: "x",
    });
    const request = {
      templateId: await parts.idOf("file_template", reference),
      serverId: await parts.idOf("server", SERVER),
      user: admin,
      ifFileExists: "skip" as const,
    };
    const made = await Promise.all(Array.from({ length: 8 }, () => parts.files.createFromTemplate(request)));
    expect(new Set(made.map(({ fileId }) => fileId)).size).toBe(1);
    expect(made.filter(({ outcome }) => outcome === "created")).toHaveLength(1);
  });

  it("of a template are made, sent, fetched and deleted by code", async () => {
    await at.tower.must("POST", "/file-templates", { name: "coded", reference: "coded", server_dir: "/no", code: "c" });
    const path = `${dir}/coded`;
    const create =
      `server = tower_servers.get_by_reference("${SERVER}")\n` +
      `template = env["cx.tower.file.template"].get_by_reference("coded")\n` +
      `file = template.create_file(server, "${dir}", if_file_exists="%")\n`;
    await at.run(`${create.replace("%", "raise")}file.upload()`);
    expect(await readFile(path, "utf8")).toBe("c");
    await writeFile(path, "changed");
    const fetched = await at.run(`${create.replace("%", "skip")}file.download()\nresult = {"message": file.code}`);
    expect(fetched).toBe("changed");
    await at.run(`${create.replace("%", "skip")}file.delete()`);
    expect(existsSync(path)).toBe(false);
    await expect(at.run(create.replace("%", "raise"))).rejects.toThrow("File already exists on server.");
    await expect(at.run(create.replace("%", "maybe"))).rejects.toThrow("if_file_exists is one of");
  });
});
