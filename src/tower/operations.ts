import type { Database } from "../db/database.ts";
import type { CodeUser } from "../guest/guest.ts";
import { HooktowerError } from "../lib/errors.ts";
import type { Actor } from "../records/access.ts";
import type { ModelRegistry, RecordValues } from "../records/model.ts";
import type { Records } from "../records/records.ts";
import type { SecretCipher } from "../records/secret-cipher.ts";
import type { Files } from "./files/files.service.ts";
import { makeRandomLabel } from "./runs/random-label.ts";
import { assertMayStop } from "./runs/rights.ts";
import { findActiveUser, readServer } from "./runs/run-records.store.ts";
import type { OnLine, OnOutput, Runs, StartedCommand, StartedPlan, VariableValues } from "./runs/runs.ts";
import type { ConfigurationVariables } from "./servers/configuration-variables.ts";
import { createServerFromTemplate } from "./servers/create-from-template.ts";
import { runShortcut, type StartedShortcut } from "./servers/run-shortcut.ts";
import type { ServerLogs } from "./servers/server-logs.service.ts";
import { openServerAccess } from "./servers/ssh-target.ts";
import { SshError } from "./ssh/errors.ts";
import type { ServerHostKey } from "./ssh/host-key.ts";
import type { Ssh } from "./ssh/ssh.ts";

/** How somebody wants a run to be. */
export interface RunOptions {
  readonly variableValues?: VariableValues;
  readonly label?: string | null;
  readonly onOutput?: OnOutput;
  readonly signal?: AbortSignal;
}

export interface CommandRunOptions extends RunOptions {
  readonly path?: string | null;
  /** False: without sudo, whatever the server says. */
  readonly sudo?: boolean;
}

export interface PlanRunOptions extends RunOptions {
  readonly onLine?: OnLine;
}

/** How a test of the way to a server ended. */
export interface ServerCheck {
  readonly ok: boolean;
  /** What works, or what does not and how to mend it. */
  readonly message: string;
  /** What `uname -a` printed there. */
  readonly uname: string | null;
}

/** The key that a server shows, and whether it is the one that is stored. */
export type FoundHostKey = ServerHostKey & { readonly trusted: boolean };

/**
 * What people do with the tower by hand, over REST and the command line. Records are named by reference.
 * All throw HooktowerError: `not_found` for what is not there or may not be seen, `forbidden`.
 */
export interface Operations {
  runCommand(server: string, command: string, options: CommandRunOptions, actor: Actor): Promise<StartedCommand>;
  runPlan(server: string, plan: string, options: PlanRunOptions, actor: Actor): Promise<StartedPlan>;
  /** Takes the right to change the server, or a run of one's own. @throws also `conflict`: it has ended */
  stopRun(kind: "command_log" | "plan_log", id: number, actor: Actor): Promise<void>;
  /** Signs in, runs `uname -a` and moves a file there and back. */
  checkServer(server: string, actor: Actor): Promise<ServerCheck>;
  /** Asks a server for its key; nothing is signed in. @throws also `unavailable` when it does not answer */
  readHostKey(server: string, actor: Actor): Promise<FoundHostKey>;
  /**
   * Stores the key that a server shows, when it is the one that somebody has compared.
   *
   * @throws also `conflict` when the server shows another
   */
  trustHostKey(server: string, fingerprint: string, actor: Actor): Promise<FoundHostKey>;
  /** Sends a file to its server, or fetches it from there. @throws also what `Files` says */
  moveFile(file: string, direction: "push" | "pull", actor: Actor): Promise<void>;
  /** Fetches what a server log shows. @throws also what `ServerLogs` says */
  refreshServerLog(log: string, actor: Actor): Promise<void>;
  runShortcut(shortcut: string, server: string, actor: Actor): Promise<StartedShortcut>;
  /** Makes a server, and begins the plan for new servers. @throws also `invalid` */
  createServer(template: string, request: ServerFromTemplate, actor: Actor): Promise<{ readonly server: string }>;
}

/** What a server has that its template does not say. */
export interface ServerFromTemplate extends ConfigurationVariables {
  readonly name: string;
  readonly values?: RecordValues;
}

interface OperationsDependencies {
  readonly db: Database;
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly cipher: SecretCipher;
  readonly ssh: Ssh;
  readonly runs: Runs;
  readonly files: Files;
  readonly serverLogs: ServerLogs;
}

const HOST_KEY_TIMEOUT_MS = 20_000;

export function createOperations(dependencies: OperationsDependencies): Operations {
  const { db, records, models, cipher, ssh, runs, files, serverLogs } = dependencies;

  async function find(name: string, reference: string, actor: Actor): Promise<number> {
    const model = models.get(name);
    const id = await records.byId.findByReference(model, reference, actor);
    if (id === null) throw new HooktowerError("not_found", `There is no ${model.label.toLowerCase()} ${reference}`);
    return id;
  }

  async function getUser({ userId, login }: Actor): Promise<CodeUser> {
    const user = await findActiveUser(db.main, userId);
    if (!user) throw new HooktowerError("forbidden", `${login} is not active any more`);
    return user;
  }

  /** A server that the actor may change: its address and key are seen by those alone. */
  async function findOwn(reference: string, actor: Actor) {
    const id = await find("server", reference, actor);
    if (!(await records.byId.allows(models.get("server"), id, "update", actor)))
      throw new HooktowerError("forbidden", `${actor.login} may not change server ${reference}`);
    const server = await readServer(db.main, id);
    if (!server) throw new HooktowerError("not_found", `There is no server ${reference}`);
    return server;
  }

  async function readHostKey(reference: string, actor: Actor): Promise<FoundHostKey> {
    const server = await findOwn(reference, actor);
    try {
      const { target } = openServerAccess(server, cipher);
      const key = await ssh.readHostKey(target.host, target.port, { timeoutMs: HOST_KEY_TIMEOUT_MS });
      return { ...key, trusted: target.hostKey.type === "expect" && target.hostKey.key?.trim() === key.base64 };
    } catch (thrown) {
      if (!(thrown instanceof SshError)) throw thrown;
      throw new HooktowerError("unavailable", thrown.message, { cause: thrown });
    }
  }

  return {
    async runCommand(server, command, options, actor) {
      const serverId = await find("server", server, actor);
      const commandId = await find("command", command, actor);
      return runs.startCommand({ ...options, serverId, commandId, user: await getUser(actor) });
    },
    async runPlan(server, plan, options, actor) {
      const serverId = await find("server", server, actor);
      const planId = await find("plan", plan, actor);
      return runs.startPlan({ ...options, serverId, planId, user: await getUser(actor) });
    },
    async stopRun(kind, id, actor) {
      await assertMayStop(records.byId, models, kind, id, actor);
      const user = await getUser(actor);
      const wasRunning = await (kind === "plan_log" ? runs.stopPlan(id, user) : runs.stopCommand(id, user));
      if (!wasRunning) throw new HooktowerError("conflict", `${models.get(kind).label} ${id} is not running`);
    },
    async checkServer(reference, actor) {
      const server = await findOwn(reference, actor);
      try {
        const { uname } = await ssh.testConnection(openServerAccess(server, cipher).target);
        return { ok: true, message: "Connection successful.", uname };
      } catch (thrown) {
        if (!(thrown instanceof SshError)) throw thrown;
        return { ok: false, message: thrown.message, uname: null };
      }
    },
    readHostKey,
    async trustHostKey(reference, fingerprint, actor) {
      const found = await readHostKey(reference, actor);
      if (found.fingerprint !== fingerprint)
        throw new HooktowerError(
          "conflict",
          `The server shows ${found.fingerprint} (${found.type}), not ${fingerprint}: nothing was stored`,
        );
      await records.update(models.get("server"), reference, { host_key: found.base64 }, actor);
      return { ...found, trusted: true };
    },
    async moveFile(reference, direction, actor) {
      const user = await getUser(actor);
      await files[direction](await find("file", reference, actor), user);
    },
    async refreshServerLog(reference, actor) {
      await serverLogs.refresh(await find("server_log", reference, actor), await getUser(actor));
    },
    async runShortcut(shortcut, server, actor) {
      const shortcutId = await find("shortcut", shortcut, actor);
      const serverId = await find("server", server, actor);
      return runShortcut(dependencies, { shortcutId, serverId, user: await getUser(actor), label: makeRandomLabel() });
    },
    async createServer(template, request, actor) {
      const user = await getUser(actor);
      const { id, reference, flightPlanId } = await createServerFromTemplate(dependencies, {
        ...request,
        template,
        user,
      });
      if (flightPlanId !== null) await runs.startPlan({ serverId: id, planId: flightPlanId, user, trusted: true });
      return { server: reference };
    },
  };
}
