import { sql, type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely } from "kysely";
import type { Tables } from "../schema.ts";
import { getColumnTypes, oneOf, type Dialect } from "./columns.ts";

const ACCESS_LEVELS = ["1", "2", "3"];
const STATUSES = ["stopped", "starting", "running", "stopping", "restarting", "deleting", "delete_error"];
const AUTH_MODES = ["p", "k"];
const SUDO_MODES = ["n", "p"];
const NEXT_STEPS = ["e", "ec", "n"];
const ACTIONS = ["ssh_command", "python_code", "file_using_template", "plan"];
const TARGETS = ["command", "plan"];
const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const INTERVALS = ["minutes", "hours", "days", "weeks", "months", "years", "dow", "cron"];

const DEFAULT_COMMAND_TIMEOUT_S = 900;

type Table = CreateTableBuilder<string, string>;
type Deletion = "cascade" | "restrict" | "set null";

/** The Tower: servers, commands, flight plans, variables, files, and the logs of what ran. */
export async function up(db: Kysely<Tables>, dialect: Dialect): Promise<void> {
  const { bigInteger, counting, finish } = getColumnTypes(dialect);
  const required = (column: ColumnDefinitionBuilder) => column.notNull();

  // Each adds columns to a table and hands it on, so that a table reads as a list.
  const texts = (table: Table, ...names: string[]) =>
    names.reduce<Table>((all, name) => all.addColumn(name, "text"), table);
  const requiredTexts = (table: Table, ...names: string[]) =>
    names.reduce<Table>((all, name) => all.addColumn(name, "text", required), table);
  const flags = (table: Table, ...names: string[]) =>
    names.reduce<Table>(
      (all, name) => all.addColumn(name, "integer", (column) => column.notNull().check(oneOf(name, [0, 1]))),
      table,
    );
  const integers = (table: Table, ...names: string[]) =>
    names.reduce<Table>((all, name) => all.addColumn(name, "integer"), table);
  const requiredIntegers = (table: Table, ...names: string[]) =>
    names.reduce<Table>((all, name) => all.addColumn(name, "integer", required), table);
  const times = (table: Table, ...names: string[]) =>
    names.reduce<Table>((all, name) => all.addColumn(name, bigInteger), table);
  const choice = (table: Table, name: string, values: readonly string[]) =>
    table.addColumn(name, "text", (column) => column.notNull().check(oneOf(name, values)));
  const optionalChoice = (table: Table, name: string, values: readonly string[]) =>
    table.addColumn(name, "text", (column) => column.check(oneOf(name, values)));
  const link = (table: Table, name: string, target: string, deletion: Deletion = "restrict") =>
    table.addColumn(name, "integer", (column) => column.references(`${target}.id`).onDelete(deletion));
  const requiredLink = (table: Table, name: string, target: string, deletion: Deletion = "restrict") =>
    table.addColumn(name, "integer", (column) => column.notNull().references(`${target}.id`).onDelete(deletion));

  /** What every row has; records also have a reference. */
  const rows = (name: string): Table =>
    db.schema
      .createTable(name)
      .addColumn("id", "integer", counting)
      .addColumn("create_date", bigInteger, required)
      .addColumn("write_date", bigInteger, required)
      .addColumn("create_uid", "integer");
  const records = (name: string): Table => rows(name).addColumn("reference", "text", required);

  const create = async (name: string, table: Table, indexed: readonly string[] = []): Promise<void> => {
    await finish(table).execute();
    for (const column of indexed) await db.schema.createIndex(`${name}_${column}`).on(name).column(column).execute();
  };
  const createRecords = async (name: string, table: Table, indexed: readonly string[] = []): Promise<void> => {
    await create(name, table, indexed);
    await db.schema.createIndex(`${name}_reference`).on(name).column("reference").unique().execute();
  };
  const unique = (name: string, columns: readonly string[]) =>
    db.schema
      .createIndex(`${name}_${columns.join("_")}`)
      .on(name)
      .columns([...columns])
      .unique()
      .execute();
  /** Pairs of ids: what a many2many is. */
  const createPairs = async (
    name: string,
    [own, ownTable]: [string, string],
    [other, otherTable]: [string, string],
  ): Promise<void> => {
    const table = db.schema.createTable(name) as unknown as Table;
    await finish(requiredLink(requiredLink(table, own, ownTable, "cascade"), other, otherTable, "cascade")).execute();
    await unique(name, [own, other]);
    await db.schema.createIndex(`${name}_${other}`).on(name).column(other).execute();
  };

  await createRecords("tags", integers(requiredTexts(records("tags"), "name"), "color"));
  await createRecords(
    "os",
    link(integers(requiredTexts(records("os"), "name"), "color"), "parent_id", "os", "set null"),
  );

  const variables = choice(requiredTexts(records("variables"), "name"), "access_level", ACCESS_LEVELS);
  await createRecords(
    "variables",
    texts(
      choice(variables, "variable_type", ["s", "o"]),
      "applied_expression",
      "validation_pattern",
      "validation_message",
      "note",
    ),
  );
  await unique("variables", ["name"]);
  const options = requiredIntegers(requiredTexts(records("variable_options"), "name", "value_char"), "sequence");
  await createRecords(
    "variable_options",
    requiredLink(choice(options, "access_level", ACCESS_LEVELS), "variable_id", "variables", "cascade"),
  );
  await unique("variable_options", ["variable_id", "value_char"]);
  await unique("variable_options", ["variable_id", "name"]);

  const templates = texts(
    flags(requiredTexts(records("file_templates"), "name"), "active", "keep_when_deleted"),
    "server_dir",
    "file_name",
    "note",
    "code",
  );
  await createRecords(
    "file_templates",
    choice(choice(templates, "source", ["tower", "server"]), "file_type", ["text", "binary"]),
  );

  const plans = flags(requiredTexts(records("plans"), "name"), "active", "allow_parallel_run");
  await createRecords(
    "plans",
    requiredIntegers(
      texts(
        integers(choice(choice(plans, "access_level", ACCESS_LEVELS), "on_error_action", NEXT_STEPS), "color"),
        "note",
      ),
      "custom_exit_code",
    ),
  );

  let commands = flags(
    requiredTexts(records("commands"), "name"),
    "active",
    "allow_parallel_run",
    "disconnect_file",
    "no_split_for_sudo",
  );
  commands = choice(choice(commands, "access_level", ACCESS_LEVELS), "action", ACTIONS);
  commands = optionalChoice(
    choice(commands, "if_file_exists", ["skip", "overwrite", "raise"]),
    "server_status",
    STATUSES,
  );
  commands = link(
    link(texts(commands, "note", "path", "code"), "file_template_id", "file_templates"),
    "flight_plan_id",
    "plans",
  );
  await createRecords("commands", commands, ["file_template_id", "flight_plan_id"]);

  let serverTemplates = flags(requiredTexts(records("server_templates"), "name"), "active");
  serverTemplates = texts(
    requiredIntegers(integers(serverTemplates, "color"), "ssh_port"),
    "ssh_username",
    "ssh_password",
    "note",
  );
  serverTemplates = optionalChoice(choice(serverTemplates, "ssh_auth_mode", AUTH_MODES), "use_sudo", SUDO_MODES);
  serverTemplates = link(link(serverTemplates, "ssh_key_id", "keys"), "os_id", "os");
  serverTemplates = link(link(serverTemplates, "flight_plan_id", "plans"), "plan_delete_id", "plans", "set null");
  await createRecords("server_templates", serverTemplates, ["ssh_key_id", "os_id", "flight_plan_id", "plan_delete_id"]);

  let servers = flags(requiredTexts(records("servers"), "name", "ssh_username"), "active", "skip_host_key");
  servers = requiredIntegers(integers(optionalChoice(servers, "status", STATUSES), "color"), "ssh_port");
  servers = texts(servers, "ip_v4_address", "ip_v6_address", "url", "note", "ssh_password", "host_key");
  servers = optionalChoice(choice(servers, "ssh_auth_mode", AUTH_MODES), "use_sudo", SUDO_MODES);
  servers = link(link(servers, "ssh_key_id", "keys"), "os_id", "os");
  servers = link(
    link(servers, "plan_delete_id", "plans", "set null"),
    "server_template_id",
    "server_templates",
    "set null",
  );
  await createRecords("servers", servers, ["ssh_key_id", "os_id", "plan_delete_id", "server_template_id"]);

  const keyValues = requiredLink(
    requiredLink(records("key_values"), "key_id", "keys", "cascade"),
    "server_id",
    "servers",
    "cascade",
  );
  await createRecords("key_values", texts(keyValues, "secret_value"), ["server_id"]);
  await unique("key_values", ["key_id", "server_id"]);

  const lines = texts(flags(requiredIntegers(records("plan_lines"), "sequence"), "use_sudo"), "condition", "path");
  await createRecords(
    "plan_lines",
    requiredLink(requiredLink(lines, "plan_id", "plans", "cascade"), "command_id", "commands"),
    ["plan_id", "command_id"],
  );
  let lineActions = requiredIntegers(records("plan_line_actions"), "sequence", "custom_exit_code");
  lineActions = choice(requiredTexts(lineActions, "value_char"), "condition", ["==", "!=", ">", ">=", "<", "<="]);
  await createRecords(
    "plan_line_actions",
    requiredLink(choice(lineActions, "action", NEXT_STEPS), "line_id", "plan_lines", "cascade"),
    ["line_id"],
  );

  let values = requiredIntegers(
    flags(texts(records("variable_values"), "value_char"), "required", "active"),
    "sequence",
  );
  values = requiredLink(choice(values, "access_level", ACCESS_LEVELS), "variable_id", "variables", "cascade");
  values = link(link(values, "server_id", "servers", "cascade"), "server_template_id", "server_templates", "cascade");
  await createRecords("variable_values", link(values, "plan_line_action_id", "plan_line_actions", "cascade"), [
    "variable_id",
    "server_id",
    "server_template_id",
    "plan_line_action_id",
  ]);

  let files = flags(requiredTexts(records("files"), "name"), "active", "keep_when_deleted");
  files = choice(choice(files, "source", ["tower", "server"]), "file_type", ["text", "binary"]);
  files = times(texts(files, "server_dir", "code", "file", "server_response"), "sync_date_last");
  files = link(files, "template_id", "file_templates");
  await createRecords("files", requiredLink(files, "server_id", "servers", "cascade"), ["template_id", "server_id"]);

  let serverLogs = flags(requiredTexts(records("server_logs"), "name"), "active", "use_sudo");
  serverLogs = choice(choice(serverLogs, "access_level", ACCESS_LEVELS), "log_type", ["command", "file"]);
  serverLogs = link(link(texts(serverLogs, "log_text"), "command_id", "commands"), "file_id", "files", "set null");
  serverLogs = link(
    link(serverLogs, "file_template_id", "file_templates", "set null"),
    "server_id",
    "servers",
    "cascade",
  );
  await createRecords("server_logs", link(serverLogs, "server_template_id", "server_templates", "cascade"), [
    "command_id",
    "file_id",
    "file_template_id",
    "server_id",
    "server_template_id",
  ]);

  let shortcuts = requiredIntegers(
    flags(requiredTexts(records("shortcuts"), "name"), "active", "use_sudo"),
    "sequence",
  );
  shortcuts = texts(choice(choice(shortcuts, "access_level", ACCESS_LEVELS), "action", TARGETS), "note");
  await createRecords("shortcuts", link(link(shortcuts, "command_id", "commands"), "plan_id", "plans"), [
    "command_id",
    "plan_id",
  ]);

  let tasks = requiredIntegers(
    flags(requiredTexts(records("scheduled_tasks"), "name", "time_zone"), "active", ...WEEKDAYS),
    "sequence",
    "interval_number",
  );
  tasks = texts(tasks, "cron_expression", "cron_planned", "variable_values", "warning_message");
  tasks = choice(choice(tasks, "action", TARGETS), "interval_type", INTERVALS);
  tasks = link(link(times(tasks, "next_call", "last_call"), "command_id", "commands"), "plan_id", "plans");
  await createRecords("scheduled_tasks", tasks, ["command_id", "plan_id"]);

  let planLogs = texts(rows("plan_logs"), "name", "label", "custom_message", "webhook_log_id", "variable_values");
  planLogs = choice(flags(planLogs, "is_running", "is_exclusive", "is_stopped"), "access_level", ACCESS_LEVELS);
  planLogs = integers(
    times(planLogs, "start_date", "finish_date", "duration_ms"),
    "plan_status",
    "parent_command_log_id",
  );
  planLogs = requiredLink(requiredLink(planLogs, "server_id", "servers", "cascade"), "plan_id", "plans", "cascade");
  planLogs = link(link(planLogs, "plan_line_executed_id", "plan_lines", "set null"), "user_id", "users", "set null");
  await create("plan_logs", planLogs, [
    "server_id",
    "plan_id",
    "plan_line_executed_id",
    "parent_command_log_id",
    "user_id",
  ]);

  let commandLogs = texts(rows("command_logs"), "name", "label", "path", "code", "condition", "variable_values");
  commandLogs = texts(
    flags(commandLogs, "is_running", "is_exclusive", "is_skipped"),
    "command_response",
    "command_error",
  );
  commandLogs = choice(choice(commandLogs, "access_level", ACCESS_LEVELS), "command_action", ACTIONS);
  commandLogs = integers(optionalChoice(commandLogs, "use_sudo", SUDO_MODES), "command_status");
  commandLogs = times(commandLogs, "start_date", "finish_date", "duration_ms");
  commandLogs = requiredLink(requiredLink(commandLogs, "server_id", "servers", "cascade"), "command_id", "commands");
  commandLogs = link(link(commandLogs, "plan_log_id", "plan_logs", "cascade"), "user_id", "users", "set null");
  await create("command_logs", link(commandLogs, "plan_line_id", "plan_lines", "set null"), [
    "server_id",
    "command_id",
    "plan_log_id",
    "plan_line_id",
    "user_id",
  ]);
  // Two processes that begin the same at once: one of them is refused.
  for (const what of ["plan", "command"])
    await db.schema
      .createIndex(`${what}_logs_exclusive`)
      .on(`${what}_logs`)
      .columns(["server_id", `${what}_id`])
      .unique()
      .where(sql.ref("is_exclusive"), "=", 1)
      .execute();

  await db.schema.alterTable("keys").addColumn("passphrase", "text").execute();
  await db.schema.alterTable("servers").addColumn("metadata", "text").execute();
  await db.schema
    .alterTable("settings")
    .addColumn("command_timeout", "integer", (column) => column.notNull().defaultTo(DEFAULT_COMMAND_TIMEOUT_S))
    .execute();

  const RECORDS = ["server", "command", "plan", "key", "file_template", "server_template", "scheduled_task"];
  for (const name of RECORDS) {
    await createPairs(`${name}_users`, [`${name}_id`, `${name}s`], ["user_id", "users"]);
    await createPairs(`${name}_managers`, [`${name}_id`, `${name}s`], ["user_id", "users"]);
  }
  for (const name of ["server", "command", "plan", "variable", "file_template", "server_template"])
    await createPairs(`${name}_tags`, [`${name}_id`, `${name}s`], ["tag_id", "tags"]);
  await createPairs("command_os", ["command_id", "commands"], ["os_id", "os"]);
  await createPairs("command_servers", ["command_id", "commands"], ["server_id", "servers"]);
  await createPairs("plan_servers", ["plan_id", "plans"], ["server_id", "servers"]);
  for (const name of ["shortcut", "scheduled_task"]) {
    await createPairs(`server_${name}s`, ["server_id", "servers"], [`${name}_id`, `${name}s`]);
    await createPairs(
      `server_template_${name}s`,
      ["server_template_id", "server_templates"],
      [`${name}_id`, `${name}s`],
    );
  }
}
