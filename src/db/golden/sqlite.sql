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

CREATE TABLE "configuration_version" (
  "id" integer not null primary key check ("id" in (1)),
  "version" integer not null
) strict;

CREATE TABLE "keys" (
  "id" integer primary key autoincrement,
  "create_date" integer not null,
  "write_date" integer not null,
  "create_uid" integer,
  "reference" text not null,
  "name" text not null,
  "key_type" text not null check ("key_type" in ('s', 'k')),
  "note" text,
  "secret_value" text
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
  "write_date" integer not null
) strict;

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
