import { readdirSync, readFileSync } from "node:fs";
import { textOf, type FieldValue } from "../../../src/records/field.ts";
import { startOpenSsh, type OpenSshServer } from "../../support/openssh.ts";
import { startTestTower, type TestTower, type TowerClient } from "../../support/tower.ts";

type Values = Readonly<Record<string, unknown>>;

/** A log as REST gives it. */
export type Log = Readonly<Record<string, FieldValue>> & { readonly id: number };

/** A tower with a server that it reaches over SSH, and short ways to make what a test is about. */
export interface RunsClient {
  readonly tower: TowerClient;
  readonly ssh: OpenSshServer;
  /** Makes another server, at the same machine. @returns its reference */
  addServer(values?: Values): Promise<string>;
  /** @returns its reference */
  addCommand(code: string, values?: Values): Promise<string>;
  /** @param lines each a command's reference, or the values of the line. @returns the plan's reference */
  addPlan(lines: ReadonlyArray<string | Values>, values?: Values): Promise<string>;
  /** Sets a variable, made if need be; without a server everywhere. */
  setVariable(reference: string, value: string | null, server?: string, fields?: Values): Promise<void>;
  /** Runs code as a webhook's, as this user. @returns what it left as `message` */
  run(code: string, user?: string): Promise<unknown>;
  /** Runs a command on the server from code, and waits for it. @returns its log */
  runCommand(command: string, values?: Readonly<Record<string, string>>): Promise<Log>;
  /** @returns the log of the plan run, and those of its commands, oldest first */
  runPlan(plan: string, kwargs?: string): Promise<{ readonly log: Log; readonly commands: readonly Log[] }>;
  readLog(kind: "plan-logs" | "command-logs", id: unknown): Promise<Log>;
  /** @returns the log of a run that has ended by then */
  untilEnd(kind: "plan-logs" | "command-logs", id: unknown): Promise<Log>;
  commandLogs(filter: Readonly<Record<string, string>>): Promise<readonly Log[]>;
  /** Processes of this machine whose command line is this. */
  countProcesses(commandLine: string): number;
  /** Waits until it gives this. @throws Error after 30 s: the lease of a process that is gone takes 20 */
  until<T>(look: () => T | Promise<T>, wanted: T): Promise<void>;
}

export type RunsFixture = RunsClient & { readonly tower: TestTower } & AsyncDisposable;

/** The server that every fixture has. */
export const SERVER = "here";

/** A tower in this process. */
export async function startRuns(env: Readonly<Record<string, string>> = {}): Promise<RunsFixture> {
  const ssh = await startOpenSsh();
  const tower = await startTestTower(env);
  const client = createRunsClient(tower, ssh);
  await addFirstServer(client);
  return {
    ...client,
    tower,
    async [Symbol.asyncDispose]() {
      await tower[Symbol.asyncDispose]();
      await ssh[Symbol.asyncDispose]();
    },
  };
}

/** What every test begins with. */
export async function addFirstServer({ tower, ssh, addServer }: RunsClient): Promise<void> {
  await tower.must("POST", "/keys", { name: "k", reference: "k", key_type: "k", secret_value: ssh.privateKey });
  await addServer({ name: SERVER, reference: SERVER });
}

export function createRunsClient(tower: TowerClient, ssh: OpenSshServer): RunsClient {
  let made = 0;
  const webhooks = new Map<string, string>();

  async function add(collection: string, values: Values): Promise<string> {
    made += 1;
    const record = await tower.must<{ reference: string }>("POST", collection, {
      name: `${collection.slice(1, 3)}${made}`,
      ...values,
    });
    return record.reference;
  }

  const addServer: RunsClient["addServer"] = (values = {}) =>
    add("/servers", {
      ip_v4_address: ssh.host,
      ssh_port: ssh.port,
      ssh_username: ssh.target.username,
      ssh_auth_mode: "k",
      ssh_key_id: "k",
      host_key: ssh.hostKeys["ssh-ed25519"],
      ...values,
    });

  const fixture: RunsClient = {
    tower,
    ssh,
    addServer,
    addCommand: (code, values = {}) => add("/commands", { code, ...values }),
    addPlan: (lines, values = {}) =>
      add("/plans", {
        line_ids: lines.map((line, index) => ({
          sequence: index + 1,
          ...(typeof line === "string" ? { command_id: line } : line),
        })),
        ...values,
      }),
    async setVariable(reference, value, server, fields = {}) {
      const known = await tower.api("GET", `/variables/${reference}`);
      if (known.status === 404) await tower.must("POST", "/variables", { name: reference, reference, ...fields });
      await tower.must("POST", "/variable-values", {
        variable_id: reference,
        value_char: value,
        ...(server !== undefined && { server_id: server }),
      });
    },
    async run(code, user) {
      const key = `${user ?? ""}\n${code}`;
      const endpoint =
        webhooks.get(key) ?? (await tower.addWebhook({ code, ...(user && { fields: { user_id: user } }) })).endpoint;
      webhooks.set(key, endpoint);
      const answer = await tower.call(endpoint);
      const { message } = JSON.parse(answer.text) as { message: unknown };
      if (answer.status !== 200) throw new Error(`the code ended with ${answer.status}: ${String(message)}`);
      return message;
    },
    async runCommand(command, values = {}) {
      await fixture.run(
        `tower_servers.get_by_reference("${SERVER}").run_command(tower_commands.get_by_reference("${command}"), ` +
          `variable_values=${JSON.stringify(values)})`,
      );
      const [log] = await fixture.commandLogs({ command_id: command });
      if (!log) throw new Error(`${command} left no log`);
      return log;
    },
    async runPlan(plan, kwargs = "") {
      const id = await fixture.run(
        `log = tower_servers.get_by_reference("${SERVER}").run_flight_plan(` +
          `tower_plans.get_by_reference("${plan}"), ${kwargs})\nresult = {"message": log.id}`,
      );
      const log = await fixture.readLog("plan-logs", id);
      const commands = await fixture.commandLogs({ plan_log_id: String(id) });
      return { log, commands: commands.toReversed() };
    },
    readLog: (kind, id) => tower.must<Log>("GET", `/${kind}/${textOf(id as FieldValue)}`),
    async untilEnd(kind, id) {
      await fixture.until(async () => (await fixture.readLog(kind, id))["is_running"], false);
      return fixture.readLog(kind, id);
    },
    countProcesses: (commandLine) =>
      readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && readCommandLine(pid) === commandLine).length,
    async until(look, wanted) {
      const end = performance.now() + 30_000;
      for (let found = await look(); found !== wanted; found = await look()) {
        if (performance.now() > end) throw new Error(`still ${String(found)}, not ${String(wanted)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async commandLogs(filter) {
      const { items } = await tower.must<{ items: Log[] }>("GET", `/command-logs?${new URLSearchParams(filter)}`);
      return items;
    },
  };
  return fixture;
}

/** Empty for a process that is gone. */
function readCommandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").filter(Boolean).join(" ");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" && (error as NodeJS.ErrnoException).code !== "ESRCH")
      throw error;
    return "";
  }
}
