import type { RecordColumns } from "./schema.ts";
import type { Generated } from "kysely";

/** Tables of the Tower whose columns only the models know: queries are made from the definitions. */
export type ModelTable = RecordColumns;

type AccessLevel = "1" | "2" | "3";
type SudoMode = "n" | "p";

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
  command_action: string;
  is_skipped: number;
  path: string | null;
  code: string | null;
  use_sudo: SudoMode | null;
  condition: string | null;
  command_status: number | null;
  command_response: string | null;
  command_error: string | null;
  plan_log_id: number | null;
}
