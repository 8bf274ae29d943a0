import type { RecordColumns } from "./schema.ts";
import type { Generated } from "kysely";

/** Tables of the Tower whose columns only the models know: queries are made from the definitions. */
export type ModelTable = RecordColumns;

type AccessLevel = "1" | "2" | "3";
type SudoMode = "n" | "p";
export type CommandAction = "ssh_command" | "python_code" | "file_using_template" | "plan";
/** Exit with the code, exit with a custom code, or run the next line. */
export type NextStep = "e" | "ec" | "n";

export interface ServersTable extends RecordColumns {
  name: string;
  active: number;
  color: number | null;
  status: string | null;
  ip_v4_address: string | null;
  ip_v6_address: string | null;
  url: string | null;
  os_id: number | null;
  note: string | null;
  ssh_port: number;
  ssh_username: string;
  /** Encrypted. */
  ssh_password: string | null;
  ssh_key_id: number | null;
  ssh_auth_mode: "p" | "k";
  use_sudo: SudoMode | null;
  /** Encrypted. */
  host_key: string | null;
  skip_host_key: number;
  plan_delete_id: number | null;
  server_template_id: number | null;
  /** JSON object. */
  metadata: string | null;
}

export interface OsTable extends RecordColumns {
  name: string;
  color: number | null;
  parent_id: number | null;
}

export interface CommandsTable extends RecordColumns {
  name: string;
  active: number;
  access_level: AccessLevel;
  action: CommandAction;
  allow_parallel_run: number;
  note: string | null;
  path: string | null;
  code: string | null;
  file_template_id: number | null;
  if_file_exists: "skip" | "overwrite" | "raise";
  disconnect_file: number;
  flight_plan_id: number | null;
  server_status: string | null;
  no_split_for_sudo: number;
}

export interface PlansTable extends RecordColumns {
  name: string;
  active: number;
  access_level: AccessLevel;
  allow_parallel_run: number;
  color: number | null;
  note: string | null;
  on_error_action: NextStep;
  custom_exit_code: number;
}

export interface PlanLinesTable extends RecordColumns {
  plan_id: number;
  command_id: number;
  sequence: number;
  condition: string | null;
  use_sudo: number;
  path: string | null;
}

export interface PlanLineActionsTable extends RecordColumns {
  line_id: number;
  sequence: number;
  condition: "==" | "!=" | ">" | ">=" | "<" | "<=";
  value_char: string;
  action: NextStep;
  custom_exit_code: number;
}

/** A command or plan belongs to these servers only. */
export interface CommandServersTable {
  command_id: number;
  server_id: number;
}

export interface PlanServersTable {
  plan_id: number;
  server_id: number;
}

export interface KeyValuesTable extends RecordColumns {
  key_id: number;
  server_id: number;
  /** Encrypted. */
  secret_value: string | null;
}

export interface VariablesTable extends RecordColumns {
  name: string;
  access_level: AccessLevel;
  variable_type: "s" | "o";
  applied_expression: string | null;
  validation_pattern: string | null;
  validation_message: string | null;
  note: string | null;
}

export interface VariableValuesTable extends RecordColumns {
  variable_id: number;
  value_char: string | null;
  access_level: AccessLevel;
  sequence: number;
  required: number;
  active: number;
  server_id: number | null;
  server_template_id: number | null;
  plan_line_action_id: number | null;
}

/** What a row of a log of runs has. */
interface RunLogColumns {
  id: Generated<number>;
  create_date: number;
  write_date: number;
  create_uid: number | null;
  name: string | null;
  label: string | null;
  server_id: number;
  access_level: AccessLevel;
  start_date: number | null;
  finish_date: number | null;
  duration_ms: number | null;
  is_running: number;
  /** 1 while it runs and no other run of the same on the same server may begin. */
  is_exclusive: number;
  /** JSON. */
  variable_values: string | null;
  user_id: number | null;
}

export interface PlanLogsTable extends RunLogColumns {
  plan_id: number;
  is_stopped: number;
  plan_line_executed_id: number | null;
  plan_status: number | null;
  custom_message: string | null;
  parent_command_log_id: number | null;
  webhook_log_id: string | null;
}

export interface CommandLogsTable extends RunLogColumns {
  command_id: number;
  command_action: CommandAction;
  is_skipped: number;
  path: string | null;
  code: string | null;
  use_sudo: SudoMode | null;
  condition: string | null;
  command_status: number | null;
  command_response: string | null;
  command_error: string | null;
  plan_log_id: number | null;
  /** The line of the plan that ran it. */
  plan_line_id: number | null;
}

export interface ScheduledTasksTable extends RecordColumns {
  name: string;
  active: number;
  sequence: number;
  action: "command" | "plan";
  command_id: number | null;
  plan_id: number | null;
  interval_number: number;
  interval_type: "minutes" | "hours" | "days" | "weeks" | "months" | "years" | "dow" | "cron";
  monday: number;
  tuesday: number;
  wednesday: number;
  thursday: number;
  friday: number;
  saturday: number;
  sunday: number;
  cron_expression: string | null;
  time_zone: string;
  next_call: number | null;
  last_call: number | null;
  /** JSON object. */
  variable_values: string | null;
  warning_message: string | null;
  /** The cron expression and time zone that `next_call` was made from; null: not yet. */
  cron_planned: string | null;
}

export interface ServerScheduledTasksTable {
  server_id: number;
  scheduled_task_id: number;
}

/** Where the content of a file comes from. */
export type FileSource = "tower" | "server";
type FileType = "text" | "binary";

export interface FileTemplatesTable extends RecordColumns {
  name: string;
  active: number;
  source: FileSource;
  file_type: FileType;
  server_dir: string | null;
  file_name: string | null;
  keep_when_deleted: number;
  note: string | null;
  code: string | null;
}

export interface FilesTable extends RecordColumns {
  name: string;
  active: number;
  source: FileSource;
  file_type: FileType;
  server_dir: string | null;
  template_id: number | null;
  keep_when_deleted: number;
  /** Text, before its variables and secrets are put in. */
  code: string | null;
  /** Bytes, in base64. */
  file: string | null;
  server_response: string | null;
  sync_date_last: number | null;
  server_id: number;
}

export interface ServerLogsTable extends RecordColumns {
  name: string;
  access_level: AccessLevel;
  active: number;
  log_type: "command" | "file";
  command_id: number | null;
  use_sudo: number;
  file_id: number | null;
  file_template_id: number | null;
  server_id: number | null;
  server_template_id: number | null;
  log_text: string | null;
}

export interface ServerTemplatesTable extends RecordColumns {
  /** Encrypted. */
  ssh_password: string | null;
  flight_plan_id: number | null;
}

export interface ShortcutsTable extends RecordColumns {
  name: string;
  active: number;
  action: "command" | "plan";
  command_id: number | null;
  plan_id: number | null;
  use_sudo: number;
}

export interface ServerShortcutsTable {
  server_id: number;
  shortcut_id: number;
}
