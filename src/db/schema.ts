import type { Generated } from "kysely";
import type {
  CommandLogsTable,
  CommandsTable,
  CommandServersTable,
  FilesTable,
  FileTemplatesTable,
  KeyValuesTable,
  ModelTable,
  OsTable,
  PlanLineActionsTable,
  PlanLinesTable,
  PlanLogsTable,
  PlansTable,
  PlanServersTable,
  ScheduledTasksTable,
  ServerLogsTable,
  ServerScheduledTasksTable,
  ServersTable,
  ServerShortcutsTable,
  ServerTemplatesTable,
  ShortcutsTable,
  VariablesTable,
  VariableValuesTable,
} from "./tower-schema.ts";

/**
 * The tables, as the queries see them. The same on both databases: ids are integers (calls have
 * UUIDv7 text ids, which sort by time), times are milliseconds since 1970 UTC, flags are 0 or 1,
 * JSON is text, bytes are BLOB or bytea. Column names are the field names of REST and YAML.
 */
export interface RecordColumns {
  id: Generated<number>;
  reference: string;
  create_date: number;
  write_date: number;
  /** Id of the user who created it; null for what the system made. */
  create_uid: number | null;
}

export interface UsersTable extends Omit<RecordColumns, "reference"> {
  login: string;
  name: string;
  email: string | null;
  /** `scrypt$…`, see users/passwords.ts; null: cannot sign in with a password. */
  password: string | null;
  group: "user" | "manager" | "root";
  active: number;
}

export interface KeysTable extends RecordColumns {
  name: string;
  key_type: "s" | "k";
  note: string | null;
  /** Encrypted; see records/secret-cipher.ts. Null: no value yet. */
  secret_value: string | null;
  /** Encrypted: what an SSH key is itself encrypted with. */
  passphrase: string | null;
}

export interface WebhookAuthenticatorsTable extends RecordColumns {
  name: string;
  code: string | null;
  allowed_ip_addresses: string | null;
  trusted_proxy_ips: string | null;
}

export interface WebhooksTable extends RecordColumns {
  name: string;
  active: number;
  authenticator_id: number;
  endpoint: string;
  method: "post" | "get";
  content_type: "json" | "form";
  user_id: number;
  code: string | null;
}

/** One row: settings that are changed while the process runs. */
export interface SettingsTable {
  id: number;
  webhook_log_duration: number;
  /** Seconds. */
  command_timeout: Generated<number>;
  write_date: number;
}

export interface SessionsTable {
  /** SHA-256 of the cookie's value, hexadecimal. */
  token_hash: string;
  user_id: number;
  create_date: number;
  expires_date: number;
}

export interface ApiTokensTable {
  id: Generated<number>;
  user_id: number;
  name: string;
  /** SHA-256 of the token, hexadecimal. */
  token_hash: string;
  create_date: number;
  last_used_date: number | null;
}

export interface WebhookLogsTable {
  id: string;
  create_date: number;
  webhook_id: number | null;
  authenticator_id: number | null;
  endpoint: string;
  request_method: string;
  /** JSON object, credentials masked. */
  request_headers: string;
  /** The raw query string, without `?`. */
  request_query: string;
  /** How `request_payload` is read from the bytes: json and form from the body, query from the URL. */
  payload_source: "json" | "form" | "query";
  raw_body: Uint8Array | null;
  ip_address: string | null;
  country_code: string | null;
  authentication_status: "success" | "failed" | "not_required";
  code_status: "success" | "failed" | "skipped" | "queued" | "running";
  http_status: number;
  result_message: string | null;
  error_message: string | null;
  error_traceback: string | null;
  /** Lines that the code wrote with `_logger`, as JSON: `[{"level","text"}]`. */
  code_log: string | null;
  user_id: number | null;
  duration_ms: number;
  attempt: number;
  replay_of: string | null;
  /** 1: made from the app to try code, not by a sender. */
  test: number;
}

/** A job that waits (no owner), is taken (owner and lease_end), or was given up (failed_date). */
export interface JobsTable {
  id: Generated<number>;
  kind: string;
  /** JSON object. */
  payload: string;
  /** Unique within its kind among jobs that were not given up. */
  key: string | null;
  create_date: number;
  /** Not to be begun before. */
  run_date: number;
  /** How often it was begun. */
  attempts: number;
  /** Id of the process that has it, see owner.ts. */
  owner: string | null;
  /** When others may take it from its owner. */
  lease_end: number | null;
  /** Of the last attempt. */
  error: string | null;
  failed_date: number | null;
}

/** One row, counted up in every transaction that changes configuration. */
export interface ConfigurationVersionTable {
  id: number;
  version: number;
}

export interface Tables {
  users: UsersTable;
  keys: KeysTable;
  webhook_authenticators: WebhookAuthenticatorsTable;
  webhooks: WebhooksTable;
  tags: ModelTable;
  os: OsTable;
  key_values: KeyValuesTable;
  variables: VariablesTable;
  variable_options: ModelTable;
  variable_values: VariableValuesTable;
  servers: ServersTable;
  server_templates: ServerTemplatesTable;
  server_logs: ServerLogsTable;
  shortcuts: ShortcutsTable;
  server_shortcuts: ServerShortcutsTable;
  scheduled_tasks: ScheduledTasksTable;
  server_scheduled_tasks: ServerScheduledTasksTable;
  commands: CommandsTable;
  command_servers: CommandServersTable;
  command_logs: CommandLogsTable;
  file_templates: FileTemplatesTable;
  files: FilesTable;
  plans: PlansTable;
  plan_servers: PlanServersTable;
  plan_lines: PlanLinesTable;
  plan_line_actions: PlanLineActionsTable;
  plan_logs: PlanLogsTable;
  settings: SettingsTable;
  sessions: SessionsTable;
  api_tokens: ApiTokensTable;
  webhook_logs: WebhookLogsTable;
  jobs: JobsTable;
  configuration_version: ConfigurationVersionTable;
}
