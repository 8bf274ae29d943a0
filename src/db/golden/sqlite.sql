CREATE TABLE "api_tokens" (
  "id" integer primary key autoincrement,
  "user_id" integer not null references "users" ("id") on delete cascade,
  "name" text not null,
  "token_hash" text not null,
  "create_date" integer not null,
  "last_used_date" integer
) strict;

CREATE UNIQUE INDEX "api_tokens_token_hash" on "api_tokens" ("token_hash");

CREATE INDEX "api_tokens_user_id" on "api_tokens" ("user_id");

CREATE TABLE "command_logs" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "name" text,
  "label" text,
  "path" text,
  "code" text,
  "condition" text,
  "variable_values" text,
  "is_running" integer not null check ("is_running" in (0, 1)),
  "is_exclusive" integer not null check ("is_exclusive" in (0, 1)),
  "is_skipped" integer not null check ("is_skipped" in (0, 1)),
  "command_response" text,
  "command_error" text,
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "command_action" text not null check ("command_action" in ('ssh_command', 'python_code', 'file_using_template', 'plan')),
  "use_sudo" text check ("use_sudo" in ('n', 'p')),
  "command_status" integer,
  "start_date" integer,
  "finish_date" integer,
  "duration_ms" integer,
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "command_id" integer not null references "commands" ("id") on delete restrict,
  "plan_log_id" integer references "plan_logs" ("id") on delete cascade,
  "user_id" integer references "users" ("id") on delete set null,
  "plan_line_id" integer references "plan_lines" ("id") on delete set null
) strict;

CREATE INDEX "command_logs_command_id" on "command_logs" ("command_id");

CREATE UNIQUE INDEX "command_logs_exclusive" on "command_logs" ("server_id", "command_id") where "is_exclusive" = 1;

CREATE INDEX "command_logs_plan_line_id" on "command_logs" ("plan_line_id");

CREATE INDEX "command_logs_plan_log_id" on "command_logs" ("plan_log_id");

CREATE INDEX "command_logs_server_id" on "command_logs" ("server_id");

CREATE INDEX "command_logs_user_id" on "command_logs" ("user_id");

CREATE TABLE "command_managers" (
  "command_id" integer not null references "commands" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "command_managers_command_id_user_id" on "command_managers" ("command_id", "user_id");

CREATE INDEX "command_managers_user_id" on "command_managers" ("user_id");

CREATE TABLE "command_os" (
  "command_id" integer not null references "commands" ("id") on delete cascade,
  "os_id" integer not null references "os" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "command_os_command_id_os_id" on "command_os" ("command_id", "os_id");

CREATE INDEX "command_os_os_id" on "command_os" ("os_id");

CREATE TABLE "command_servers" (
  "command_id" integer not null references "commands" ("id") on delete cascade,
  "server_id" integer not null references "servers" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "command_servers_command_id_server_id" on "command_servers" ("command_id", "server_id");

CREATE INDEX "command_servers_server_id" on "command_servers" ("server_id");

CREATE TABLE "command_tags" (
  "command_id" integer not null references "commands" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "command_tags_command_id_tag_id" on "command_tags" ("command_id", "tag_id");

CREATE INDEX "command_tags_tag_id" on "command_tags" ("tag_id");

CREATE TABLE "command_users" (
  "command_id" integer not null references "commands" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "command_users_command_id_user_id" on "command_users" ("command_id", "user_id");

CREATE INDEX "command_users_user_id" on "command_users" ("user_id");

CREATE TABLE "commands" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "allow_parallel_run" integer not null check ("allow_parallel_run" in (0, 1)),
  "disconnect_file" integer not null check ("disconnect_file" in (0, 1)),
  "no_split_for_sudo" integer not null check ("no_split_for_sudo" in (0, 1)),
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "action" text not null check ("action" in ('ssh_command', 'python_code', 'file_using_template', 'plan')),
  "if_file_exists" text not null check ("if_file_exists" in ('skip', 'overwrite', 'raise')),
  "server_status" text check ("server_status" in ('stopped', 'starting', 'running', 'stopping', 'restarting', 'deleting', 'delete_error')),
  "note" text,
  "path" text,
  "code" text,
  "file_template_id" integer references "file_templates" ("id") on delete restrict,
  "flight_plan_id" integer references "plans" ("id") on delete restrict
) strict;

CREATE INDEX "commands_file_template_id" on "commands" ("file_template_id");

CREATE INDEX "commands_flight_plan_id" on "commands" ("flight_plan_id");

CREATE UNIQUE INDEX "commands_reference" on "commands" ("reference");

CREATE TABLE "configuration_version" (
  "id" integer not null primary key check ("id" in (1)),
  "version" integer not null
) strict;

CREATE TABLE "file_template_managers" (
  "file_template_id" integer not null references "file_templates" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "file_template_managers_file_template_id_user_id" on "file_template_managers" ("file_template_id", "user_id");

CREATE INDEX "file_template_managers_user_id" on "file_template_managers" ("user_id");

CREATE TABLE "file_template_tags" (
  "file_template_id" integer not null references "file_templates" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "file_template_tags_file_template_id_tag_id" on "file_template_tags" ("file_template_id", "tag_id");

CREATE INDEX "file_template_tags_tag_id" on "file_template_tags" ("tag_id");

CREATE TABLE "file_template_users" (
  "file_template_id" integer not null references "file_templates" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "file_template_users_file_template_id_user_id" on "file_template_users" ("file_template_id", "user_id");

CREATE INDEX "file_template_users_user_id" on "file_template_users" ("user_id");

CREATE TABLE "file_templates" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "keep_when_deleted" integer not null check ("keep_when_deleted" in (0, 1)),
  "server_dir" text,
  "file_name" text,
  "note" text,
  "code" text,
  "source" text not null check ("source" in ('tower', 'server')),
  "file_type" text not null check ("file_type" in ('text', 'binary'))
) strict;

CREATE UNIQUE INDEX "file_templates_reference" on "file_templates" ("reference");

CREATE TABLE "files" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "keep_when_deleted" integer not null check ("keep_when_deleted" in (0, 1)),
  "source" text not null check ("source" in ('tower', 'server')),
  "file_type" text not null check ("file_type" in ('text', 'binary')),
  "server_dir" text,
  "code" text,
  "file" text,
  "server_response" text,
  "sync_date_last" integer,
  "template_id" integer references "file_templates" ("id") on delete restrict,
  "server_id" integer not null references "servers" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "files_reference" on "files" ("reference");

CREATE INDEX "files_server_id" on "files" ("server_id");

CREATE INDEX "files_template_id" on "files" ("template_id");

CREATE TABLE "jobs" (
  "id" integer primary key autoincrement,
  "kind" text not null,
  "payload" text not null,
  "key" text,
  "create_date" integer not null,
  "run_date" integer not null,
  "attempts" integer not null,
  "owner" text,
  "lease_end" integer,
  "error" text,
  "failed_date" integer
) strict;

CREATE UNIQUE INDEX "jobs_kind_key" on "jobs" ("kind", "key") where "failed_date" is null;

CREATE INDEX "jobs_owner" on "jobs" ("owner") where "owner" is not null;

CREATE INDEX "jobs_run_date" on "jobs" ("run_date") where "failed_date" is null;

CREATE TABLE "key_managers" (
  "key_id" integer not null references "keys" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "key_managers_key_id_user_id" on "key_managers" ("key_id", "user_id");

CREATE INDEX "key_managers_user_id" on "key_managers" ("user_id");

CREATE TABLE "key_users" (
  "key_id" integer not null references "keys" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "key_users_key_id_user_id" on "key_users" ("key_id", "user_id");

CREATE INDEX "key_users_user_id" on "key_users" ("user_id");

CREATE TABLE "key_values" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "key_id" integer not null references "keys" ("id") on delete cascade,
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "secret_value" text
) strict;

CREATE UNIQUE INDEX "key_values_key_id_server_id" on "key_values" ("key_id", "server_id");

CREATE UNIQUE INDEX "key_values_reference" on "key_values" ("reference");

CREATE INDEX "key_values_server_id" on "key_values" ("server_id");

CREATE TABLE "keys" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "key_type" text not null check ("key_type" in ('s', 'k')),
  "note" text,
  "secret_value" text,
  "passphrase" text
) strict;

CREATE UNIQUE INDEX "keys_reference" on "keys" ("reference");

CREATE TABLE "kysely_migration" (
  "name" varchar(255) not null primary key,
  "timestamp" varchar(255) not null
);

CREATE TABLE "kysely_migration_lock" (
  "id" varchar(255) not null primary key,
  "is_locked" integer default 0 not null
);

CREATE TABLE "os" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "color" integer,
  "parent_id" integer references "os" ("id") on delete set null
) strict;

CREATE UNIQUE INDEX "os_reference" on "os" ("reference");

CREATE TABLE "plan_line_actions" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "sequence" integer not null,
  "custom_exit_code" integer not null,
  "value_char" text not null,
  "condition" text not null check ("condition" in ('==', '!=', '>', '>=', '<', '<=')),
  "action" text not null check ("action" in ('e', 'ec', 'n')),
  "line_id" integer not null references "plan_lines" ("id") on delete cascade
) strict;

CREATE INDEX "plan_line_actions_line_id" on "plan_line_actions" ("line_id");

CREATE UNIQUE INDEX "plan_line_actions_reference" on "plan_line_actions" ("reference");

CREATE TABLE "plan_lines" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "sequence" integer not null,
  "use_sudo" integer not null check ("use_sudo" in (0, 1)),
  "condition" text,
  "path" text,
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "command_id" integer not null references "commands" ("id") on delete restrict
) strict;

CREATE INDEX "plan_lines_command_id" on "plan_lines" ("command_id");

CREATE INDEX "plan_lines_plan_id" on "plan_lines" ("plan_id");

CREATE UNIQUE INDEX "plan_lines_reference" on "plan_lines" ("reference");

CREATE TABLE "plan_logs" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "name" text,
  "label" text,
  "custom_message" text,
  "webhook_log_id" text,
  "variable_values" text,
  "is_running" integer not null check ("is_running" in (0, 1)),
  "is_exclusive" integer not null check ("is_exclusive" in (0, 1)),
  "is_stopped" integer not null check ("is_stopped" in (0, 1)),
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "start_date" integer,
  "finish_date" integer,
  "duration_ms" integer,
  "plan_status" integer,
  "parent_command_log_id" integer,
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "plan_line_executed_id" integer references "plan_lines" ("id") on delete set null,
  "user_id" integer references "users" ("id") on delete set null
) strict;

CREATE UNIQUE INDEX "plan_logs_exclusive" on "plan_logs" ("server_id", "plan_id") where "is_exclusive" = 1;

CREATE INDEX "plan_logs_parent_command_log_id" on "plan_logs" ("parent_command_log_id");

CREATE INDEX "plan_logs_plan_id" on "plan_logs" ("plan_id");

CREATE INDEX "plan_logs_plan_line_executed_id" on "plan_logs" ("plan_line_executed_id");

CREATE INDEX "plan_logs_server_id" on "plan_logs" ("server_id");

CREATE INDEX "plan_logs_user_id" on "plan_logs" ("user_id");

CREATE TABLE "plan_managers" (
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "plan_managers_plan_id_user_id" on "plan_managers" ("plan_id", "user_id");

CREATE INDEX "plan_managers_user_id" on "plan_managers" ("user_id");

CREATE TABLE "plan_servers" (
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "server_id" integer not null references "servers" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "plan_servers_plan_id_server_id" on "plan_servers" ("plan_id", "server_id");

CREATE INDEX "plan_servers_server_id" on "plan_servers" ("server_id");

CREATE TABLE "plan_tags" (
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "plan_tags_plan_id_tag_id" on "plan_tags" ("plan_id", "tag_id");

CREATE INDEX "plan_tags_tag_id" on "plan_tags" ("tag_id");

CREATE TABLE "plan_users" (
  "plan_id" integer not null references "plans" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "plan_users_plan_id_user_id" on "plan_users" ("plan_id", "user_id");

CREATE INDEX "plan_users_user_id" on "plan_users" ("user_id");

CREATE TABLE "plans" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "allow_parallel_run" integer not null check ("allow_parallel_run" in (0, 1)),
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "on_error_action" text not null check ("on_error_action" in ('e', 'ec', 'n')),
  "color" integer,
  "note" text,
  "custom_exit_code" integer not null
) strict;

CREATE UNIQUE INDEX "plans_reference" on "plans" ("reference");

CREATE TABLE "scheduled_task_managers" (
  "scheduled_task_id" integer not null references "scheduled_tasks" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "scheduled_task_managers_scheduled_task_id_user_id" on "scheduled_task_managers" ("scheduled_task_id", "user_id");

CREATE INDEX "scheduled_task_managers_user_id" on "scheduled_task_managers" ("user_id");

CREATE TABLE "scheduled_task_users" (
  "scheduled_task_id" integer not null references "scheduled_tasks" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "scheduled_task_users_scheduled_task_id_user_id" on "scheduled_task_users" ("scheduled_task_id", "user_id");

CREATE INDEX "scheduled_task_users_user_id" on "scheduled_task_users" ("user_id");

CREATE TABLE "scheduled_tasks" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "time_zone" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "monday" integer not null check ("monday" in (0, 1)),
  "tuesday" integer not null check ("tuesday" in (0, 1)),
  "wednesday" integer not null check ("wednesday" in (0, 1)),
  "thursday" integer not null check ("thursday" in (0, 1)),
  "friday" integer not null check ("friday" in (0, 1)),
  "saturday" integer not null check ("saturday" in (0, 1)),
  "sunday" integer not null check ("sunday" in (0, 1)),
  "sequence" integer not null,
  "interval_number" integer not null,
  "cron_expression" text,
  "cron_planned" text,
  "variable_values" text,
  "warning_message" text,
  "action" text not null check ("action" in ('command', 'plan')),
  "interval_type" text not null check ("interval_type" in ('minutes', 'hours', 'days', 'weeks', 'months', 'years', 'dow', 'cron')),
  "next_call" integer,
  "last_call" integer,
  "command_id" integer references "commands" ("id") on delete restrict,
  "plan_id" integer references "plans" ("id") on delete restrict
) strict;

CREATE INDEX "scheduled_tasks_command_id" on "scheduled_tasks" ("command_id");

CREATE INDEX "scheduled_tasks_plan_id" on "scheduled_tasks" ("plan_id");

CREATE UNIQUE INDEX "scheduled_tasks_reference" on "scheduled_tasks" ("reference");

CREATE TABLE "server_logs" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "use_sudo" integer not null check ("use_sudo" in (0, 1)),
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "log_type" text not null check ("log_type" in ('command', 'file')),
  "log_text" text,
  "command_id" integer references "commands" ("id") on delete restrict,
  "file_id" integer references "files" ("id") on delete set null,
  "file_template_id" integer references "file_templates" ("id") on delete set null,
  "server_id" integer references "servers" ("id") on delete cascade,
  "server_template_id" integer references "server_templates" ("id") on delete cascade
) strict;

CREATE INDEX "server_logs_command_id" on "server_logs" ("command_id");

CREATE INDEX "server_logs_file_id" on "server_logs" ("file_id");

CREATE INDEX "server_logs_file_template_id" on "server_logs" ("file_template_id");

CREATE UNIQUE INDEX "server_logs_reference" on "server_logs" ("reference");

CREATE INDEX "server_logs_server_id" on "server_logs" ("server_id");

CREATE INDEX "server_logs_server_template_id" on "server_logs" ("server_template_id");

CREATE TABLE "server_managers" (
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_managers_server_id_user_id" on "server_managers" ("server_id", "user_id");

CREATE INDEX "server_managers_user_id" on "server_managers" ("user_id");

CREATE TABLE "server_scheduled_tasks" (
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "scheduled_task_id" integer not null references "scheduled_tasks" ("id") on delete cascade
) strict;

CREATE INDEX "server_scheduled_tasks_scheduled_task_id" on "server_scheduled_tasks" ("scheduled_task_id");

CREATE UNIQUE INDEX "server_scheduled_tasks_server_id_scheduled_task_id" on "server_scheduled_tasks" ("server_id", "scheduled_task_id");

CREATE TABLE "server_shortcuts" (
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "shortcut_id" integer not null references "shortcuts" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_shortcuts_server_id_shortcut_id" on "server_shortcuts" ("server_id", "shortcut_id");

CREATE INDEX "server_shortcuts_shortcut_id" on "server_shortcuts" ("shortcut_id");

CREATE TABLE "server_tags" (
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_tags_server_id_tag_id" on "server_tags" ("server_id", "tag_id");

CREATE INDEX "server_tags_tag_id" on "server_tags" ("tag_id");

CREATE TABLE "server_template_managers" (
  "server_template_id" integer not null references "server_templates" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_template_managers_server_template_id_user_id" on "server_template_managers" ("server_template_id", "user_id");

CREATE INDEX "server_template_managers_user_id" on "server_template_managers" ("user_id");

CREATE TABLE "server_template_scheduled_tasks" (
  "server_template_id" integer not null references "server_templates" ("id") on delete cascade,
  "scheduled_task_id" integer not null references "scheduled_tasks" ("id") on delete cascade
) strict;

CREATE INDEX "server_template_scheduled_tasks_scheduled_task_id" on "server_template_scheduled_tasks" ("scheduled_task_id");

CREATE UNIQUE INDEX "server_template_scheduled_tasks_server_template_id_scheduled_task_id" on "server_template_scheduled_tasks" ("server_template_id", "scheduled_task_id");

CREATE TABLE "server_template_shortcuts" (
  "server_template_id" integer not null references "server_templates" ("id") on delete cascade,
  "shortcut_id" integer not null references "shortcuts" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_template_shortcuts_server_template_id_shortcut_id" on "server_template_shortcuts" ("server_template_id", "shortcut_id");

CREATE INDEX "server_template_shortcuts_shortcut_id" on "server_template_shortcuts" ("shortcut_id");

CREATE TABLE "server_template_tags" (
  "server_template_id" integer not null references "server_templates" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_template_tags_server_template_id_tag_id" on "server_template_tags" ("server_template_id", "tag_id");

CREATE INDEX "server_template_tags_tag_id" on "server_template_tags" ("tag_id");

CREATE TABLE "server_template_users" (
  "server_template_id" integer not null references "server_templates" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_template_users_server_template_id_user_id" on "server_template_users" ("server_template_id", "user_id");

CREATE INDEX "server_template_users_user_id" on "server_template_users" ("user_id");

CREATE TABLE "server_templates" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "color" integer,
  "ssh_port" integer not null,
  "ssh_username" text,
  "ssh_password" text,
  "note" text,
  "ssh_auth_mode" text not null check ("ssh_auth_mode" in ('p', 'k')),
  "use_sudo" text check ("use_sudo" in ('n', 'p')),
  "ssh_key_id" integer references "keys" ("id") on delete restrict,
  "os_id" integer references "os" ("id") on delete restrict,
  "flight_plan_id" integer references "plans" ("id") on delete restrict,
  "plan_delete_id" integer references "plans" ("id") on delete set null
) strict;

CREATE INDEX "server_templates_flight_plan_id" on "server_templates" ("flight_plan_id");

CREATE INDEX "server_templates_os_id" on "server_templates" ("os_id");

CREATE INDEX "server_templates_plan_delete_id" on "server_templates" ("plan_delete_id");

CREATE UNIQUE INDEX "server_templates_reference" on "server_templates" ("reference");

CREATE INDEX "server_templates_ssh_key_id" on "server_templates" ("ssh_key_id");

CREATE TABLE "server_users" (
  "server_id" integer not null references "servers" ("id") on delete cascade,
  "user_id" integer not null references "users" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "server_users_server_id_user_id" on "server_users" ("server_id", "user_id");

CREATE INDEX "server_users_user_id" on "server_users" ("user_id");

CREATE TABLE "servers" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "ssh_username" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "skip_host_key" integer not null check ("skip_host_key" in (0, 1)),
  "status" text check ("status" in ('stopped', 'starting', 'running', 'stopping', 'restarting', 'deleting', 'delete_error')),
  "color" integer,
  "ssh_port" integer not null,
  "ip_v4_address" text,
  "ip_v6_address" text,
  "url" text,
  "note" text,
  "ssh_password" text,
  "host_key" text,
  "ssh_auth_mode" text not null check ("ssh_auth_mode" in ('p', 'k')),
  "use_sudo" text check ("use_sudo" in ('n', 'p')),
  "ssh_key_id" integer references "keys" ("id") on delete restrict,
  "os_id" integer references "os" ("id") on delete restrict,
  "plan_delete_id" integer references "plans" ("id") on delete set null,
  "server_template_id" integer references "server_templates" ("id") on delete set null,
  "metadata" text
) strict;

CREATE INDEX "servers_os_id" on "servers" ("os_id");

CREATE INDEX "servers_plan_delete_id" on "servers" ("plan_delete_id");

CREATE UNIQUE INDEX "servers_reference" on "servers" ("reference");

CREATE INDEX "servers_server_template_id" on "servers" ("server_template_id");

CREATE INDEX "servers_ssh_key_id" on "servers" ("ssh_key_id");

CREATE TABLE "sessions" (
  "token_hash" text not null primary key,
  "user_id" integer not null references "users" ("id") on delete cascade,
  "create_date" integer not null,
  "expires_date" integer not null
) strict;

CREATE INDEX "sessions_user_id" on "sessions" ("user_id");

CREATE TABLE "settings" (
  "id" integer not null primary key check ("id" in (1)),
  "webhook_log_duration" integer not null,
  "write_date" integer not null,
  "command_timeout" integer default 900 not null
) strict;

CREATE TABLE "shortcuts" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "use_sudo" integer not null check ("use_sudo" in (0, 1)),
  "sequence" integer not null,
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "action" text not null check ("action" in ('command', 'plan')),
  "note" text,
  "command_id" integer references "commands" ("id") on delete restrict,
  "plan_id" integer references "plans" ("id") on delete restrict
) strict;

CREATE INDEX "shortcuts_command_id" on "shortcuts" ("command_id");

CREATE INDEX "shortcuts_plan_id" on "shortcuts" ("plan_id");

CREATE UNIQUE INDEX "shortcuts_reference" on "shortcuts" ("reference");

CREATE TABLE "tags" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "color" integer
) strict;

CREATE UNIQUE INDEX "tags_reference" on "tags" ("reference");

CREATE TABLE "users" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "login" text not null,
  "name" text not null,
  "email" text,
  "password" text,
  "group" text not null check ("group" in ('user', 'manager', 'root')),
  "active" integer not null check ("active" in (0, 1))
) strict;

CREATE UNIQUE INDEX "users_login" on "users" ("login");

CREATE TABLE "variable_options" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "value_char" text not null,
  "sequence" integer not null,
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "variable_id" integer not null references "variables" ("id") on delete cascade
) strict;

CREATE UNIQUE INDEX "variable_options_reference" on "variable_options" ("reference");

CREATE UNIQUE INDEX "variable_options_variable_id_name" on "variable_options" ("variable_id", "name");

CREATE UNIQUE INDEX "variable_options_variable_id_value_char" on "variable_options" ("variable_id", "value_char");

CREATE TABLE "variable_tags" (
  "variable_id" integer not null references "variables" ("id") on delete cascade,
  "tag_id" integer not null references "tags" ("id") on delete cascade
) strict;

CREATE INDEX "variable_tags_tag_id" on "variable_tags" ("tag_id");

CREATE UNIQUE INDEX "variable_tags_variable_id_tag_id" on "variable_tags" ("variable_id", "tag_id");

CREATE TABLE "variable_values" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "value_char" text,
  "required" integer not null check ("required" in (0, 1)),
  "active" integer not null check ("active" in (0, 1)),
  "sequence" integer not null,
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "variable_id" integer not null references "variables" ("id") on delete cascade,
  "server_id" integer references "servers" ("id") on delete cascade,
  "server_template_id" integer references "server_templates" ("id") on delete cascade,
  "plan_line_action_id" integer references "plan_line_actions" ("id") on delete cascade
) strict;

CREATE INDEX "variable_values_plan_line_action_id" on "variable_values" ("plan_line_action_id");

CREATE UNIQUE INDEX "variable_values_reference" on "variable_values" ("reference");

CREATE INDEX "variable_values_server_id" on "variable_values" ("server_id");

CREATE INDEX "variable_values_server_template_id" on "variable_values" ("server_template_id");

CREATE INDEX "variable_values_variable_id" on "variable_values" ("variable_id");

CREATE TABLE "variables" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "access_level" text not null check ("access_level" in ('1', '2', '3')),
  "variable_type" text not null check ("variable_type" in ('s', 'o')),
  "applied_expression" text,
  "validation_pattern" text,
  "validation_message" text,
  "note" text
) strict;

CREATE UNIQUE INDEX "variables_name" on "variables" ("name");

CREATE UNIQUE INDEX "variables_reference" on "variables" ("reference");

CREATE TABLE "webhook_authenticators" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "code" text,
  "allowed_ip_addresses" text,
  "trusted_proxy_ips" text
) strict;

CREATE UNIQUE INDEX "webhook_authenticators_reference" on "webhook_authenticators" ("reference");

CREATE TABLE "webhook_logs" (
  "id" text not null primary key,
  "create_date" integer not null,
  "webhook_id" integer,
  "authenticator_id" integer,
  "endpoint" text not null,
  "request_method" text not null,
  "request_headers" text not null,
  "request_query" text not null,
  "payload_source" text not null check ("payload_source" in ('json', 'form', 'query')),
  "raw_body" blob,
  "ip_address" text,
  "country_code" text,
  "authentication_status" text not null check ("authentication_status" in ('success', 'failed', 'not_required')),
  "code_status" text not null check ("code_status" in ('success', 'failed', 'skipped', 'queued', 'running')),
  "http_status" integer not null,
  "result_message" text,
  "error_message" text,
  "error_traceback" text,
  "code_log" text,
  "user_id" integer,
  "duration_ms" real not null,
  "attempt" integer not null,
  "replay_of" text,
  "test" integer not null check ("test" in (0, 1))
) strict;

CREATE INDEX "webhook_logs_webhook_id" on "webhook_logs" ("webhook_id", "id");

CREATE TABLE "webhooks" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "active" integer not null check ("active" in (0, 1)),
  "authenticator_id" integer not null references "webhook_authenticators" ("id") on delete restrict,
  "endpoint" text not null,
  "method" text not null check ("method" in ('post', 'get')),
  "content_type" text not null check ("content_type" in ('json', 'form')),
  "user_id" integer not null references "users" ("id") on delete restrict,
  "code" text
) strict;

CREATE INDEX "webhooks_authenticator_id" on "webhooks" ("authenticator_id");

CREATE UNIQUE INDEX "webhooks_endpoint_method" on "webhooks" ("endpoint", "method");

CREATE UNIQUE INDEX "webhooks_reference" on "webhooks" ("reference");

CREATE INDEX "webhooks_user_id" on "webhooks" ("user_id");
