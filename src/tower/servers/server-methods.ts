import {
  assertActs,
  bytes,
  onlyOne,
  readArguments,
  readOpenArguments,
  recordSet,
  toBytes,
  toMapping,
  toRecordIds,
  toText,
} from "../../guest/records/arguments.ts";
import type { MethodCall, RecordMethods, TowerMethods } from "../../guest/records/record-calls.ts";
import { HooktowerError } from "../../lib/errors.ts";
import { findField, type RecordValues } from "../../records/model.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import type { Files } from "../files/files.service.ts";
import { readServer } from "../runs/run-records.store.ts";
import type { RunTools } from "../runs/run-tools.ts";
import type { Runs } from "../runs/runs.ts";
import { SshError } from "../ssh/errors.ts";
import type { SshTarget } from "../ssh/ssh.ts";
import { createServerFromTemplate } from "./create-from-template.ts";
import { runShortcut } from "./run-shortcut.ts";
import type { ServerLogs } from "./server-logs.service.ts";
import { openServerAccess } from "./ssh-target.ts";

interface ServerMethodTools extends Pick<RunTools, "db" | "records" | "models" | "cipher" | "ssh"> {
  readonly runs: Pick<Runs, "startCommand" | "startPlan">;
  readonly files: Files;
  readonly serverLogs: ServerLogs;
}

const SERVER = "cx.tower.server";
/** Arguments of `server_create_from_template` that are not fields of the server. */
const TEMPLATE_ARGUMENTS = ["template_reference", "server_name"];
/** As the original calls them → fields of the server. */
const RENAMED: Readonly<Record<string, string>> = {
  ipv4: "ip_v4_address",
  ipv6: "ip_v6_address",
  ssh_key: "ssh_key_id",
};

/** What snippets can do with servers beside running things: files, logs, shortcuts, metadata. */
export function serverMethods(tools: ServerMethodTools): RecordMethods {
  const { models, cipher, ssh, files, serverLogs } = tools;
  const model = models.get("server");

  /** Files on a server are moved by those who may change its record. @throws HooktowerError */
  async function openOwn(ids: readonly number[], call: MethodCall): Promise<SshTarget> {
    assertActs(call);
    const id = onlyOne(ids);
    const { unit, user } = call;
    if (!(await unit.read((operations) => operations.allows(model, id, "update", unit.actor))))
      throw new HooktowerError("forbidden", `${user.login} may not move files of server ${id}`);
    const server = await unit.query((tables) => readServer(tables, id));
    if (!server) throw new HooktowerError("not_found", `Server ${id} is not there any more`);
    return explained(async () => openServerAccess(server, cipher).target);
  }

  return {
    server: {
      async upload_file({ ids }, call) {
        const [data, path] = readArguments(call, ["data", "remote_path"]);
        const target = await openOwn(ids, call);
        await explained(() => ssh.upload(target, toText(path), toBytes(data, "data"), { signal: call.signal }));
        return null;
      },
      async download_file({ ids }, call) {
        const [path] = readArguments(call, ["remote_path"]);
        const target = await openOwn(ids, call);
        const limits = { signal: call.signal, maxBytes: MAX_DOWNLOAD_BYTES };
        return bytes(await explained(() => ssh.download(target, toText(path), limits)));
      },
      async delete_file({ ids }, call) {
        const [path] = readArguments(call, ["remote_path"]);
        const target = await openOwn(ids, call);
        await explained(() => ssh.deleteFile(target, toText(path), { signal: call.signal }));
        return null;
      },
      /** Adds to what is there, key by key. */
      async update_metadata({ ids }, call) {
        assertActs(call);
        const [given] = readArguments(call, ["metadata"]);
        const added = toMapping(given, "metadata");
        const { unit } = call;
        await unit.change({
          model,
          makes: 0,
          touches: ids.length,
          async apply(operations) {
            for (const { row } of await operations.read(model, ids, unit.actor)) {
              const before = toMapping(JSON.parse(String(row["metadata"] ?? "{}")) as Json, "metadata");
              await operations.update(model, row.id, { metadata: { ...before, ...added } }, unit.actor);
            }
          },
        });
        return null;
      },
    },
    file: {
      async upload({ ids }, call) {
        assertActs(call);
        for (const id of ids) await files.push(id, call.user, { signal: call.signal });
        return null;
      },
      async download({ ids }, call) {
        assertActs(call);
        for (const id of ids) await files.pull(id, call.user, { signal: call.signal });
        return null;
      },
    },
    server_log: {
      async action_update_log({ ids }, call) {
        assertActs(call);
        for (const id of ids) await serverLogs.refresh(id, call.user, { signal: call.signal });
        return null;
      },
    },
    shortcut: {
      async run({ ids }, call) {
        assertActs(call);
        const [given = call.context["server_id"]] = readArguments(call, ["server"]);
        const serverId = typeof given === "number" ? given : onlyOne(toRecordIds(given, SERVER, "server"));
        const { user, unit, callId } = call;
        for (const shortcutId of ids) await runShortcut(tools, { shortcutId, serverId, user, unit, callId });
        return null;
      },
    },
  };
}

/** Anything larger does not fit into the memory of an interpreter beside all else. */
const MAX_DOWNLOAD_BYTES = 4 * 1024 * 1024;

/** `tower.server_create_from_template`. The server is there at once, and stays when the code raises later. */
export function serverTowerMethods(tools: ServerMethodTools): TowerMethods {
  const { models, runs } = tools;
  const model = models.get("server");

  return {
    async server_create_from_template(call) {
      assertActs(call);
      const { given, rest } = readOpenArguments(call, TEMPLATE_ARGUMENTS);
      const [template, name] = given;
      const {
        configuration_variables: variables,
        pick_all_template_variables: pickAll,
        partner: _partner,
        ...fields
      } = rest;
      const values: RecordValues = {};
      for (const [key, value] of Object.entries(fields)) {
        const field = RENAMED[key] ?? key;
        if (!findField(model, field)) throw new GuestError("TypeError", `${key} is no field of a server`);
        if (value !== null && value !== false) values[field] = value;
      }
      const { user, callId } = call;
      const { id, flightPlanId } = await createServerFromTemplate(tools, {
        template: toText(template),
        name: toText(name),
        values,
        configurationVariables: toTexts(toMapping(variables, "configuration_variables")),
        ...(typeof pickAll === "boolean" && { pickAllTemplateVariables: pickAll }),
        user,
      });
      if (flightPlanId !== null)
        await runs.startPlan({ serverId: id, planId: flightPlanId, user, callId, trusted: true });
      return recordSet(SERVER, [id]);
    },
  };
}

function toTexts(mapping: { readonly [key: string]: Json }): Record<string, string | null> {
  const entries = Object.entries(mapping);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, value === null || value === false ? null : toText(value)]),
  );
}

/** What goes wrong over SSH, in words for the code. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof SshError)) throw thrown;
    throw new GuestError(thrown.code === "not_found" ? "ValidationError" : "UserError", thrown.message);
  }
}
