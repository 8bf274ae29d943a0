import { sql, type ColumnDefinitionBuilder, type Kysely } from "kysely";
import type { Tables } from "../schema.ts";
import { getColumnTypes, oneOf, type Dialect } from "./columns.ts";

const required = (column: ColumnDefinitionBuilder) => column.notNull();

export async function up(db: Kysely<Tables>, dialect: Dialect): Promise<void> {
  const { bigInteger, real, bytes, sortedText, counting, finish } = getColumnTypes(dialect);
  const flag = (name: string) => (column: ColumnDefinitionBuilder) => column.notNull().check(oneOf(name, [0, 1]));
  const oneOfTexts = (name: string, values: readonly string[]) => (column: ColumnDefinitionBuilder) =>
    column.notNull().check(oneOf(name, values));

  /** A table with what all records have. */
  const recordTable = (name: string) =>
    db.schema
      .createTable(name)
      .addColumn("id", "integer", counting)
      .addColumn("create_date", bigInteger, required)
      .addColumn("write_date", bigInteger, required)
      .addColumn("create_uid", "integer");

  await finish(
    recordTable("users")
      .addColumn("login", "text", required)
      .addColumn("name", "text", required)
      .addColumn("email", "text")
      .addColumn("password", "text")
      .addColumn("group", "text", oneOfTexts("group", ["user", "manager", "root"]))
      .addColumn("active", "integer", flag("active")),
  ).execute();
  await db.schema.createIndex("users_login").on("users").column("login").unique().execute();

  await finish(
    recordTable("keys")
      .addColumn("reference", "text", required)
      .addColumn("name", "text", required)
      .addColumn("key_type", "text", oneOfTexts("key_type", ["s", "k"]))
      .addColumn("note", "text")
      .addColumn("secret_value", "text"),
  ).execute();
  await db.schema.createIndex("keys_reference").on("keys").column("reference").unique().execute();

  await finish(
    recordTable("webhook_authenticators")
      .addColumn("reference", "text", required)
      .addColumn("name", "text", required)
      .addColumn("code", "text")
      .addColumn("allowed_ip_addresses", "text")
      .addColumn("trusted_proxy_ips", "text"),
  ).execute();
  await db.schema
    .createIndex("webhook_authenticators_reference")
    .on("webhook_authenticators")
    .column("reference")
    .unique()
    .execute();

  await finish(
    recordTable("webhooks")
      .addColumn("reference", "text", required)
      .addColumn("name", "text", required)
      .addColumn("active", "integer", flag("active"))
      .addColumn("authenticator_id", "integer", (column) =>
        column.notNull().references("webhook_authenticators.id").onDelete("restrict"),
      )
      .addColumn("endpoint", "text", required)
      .addColumn("method", "text", oneOfTexts("method", ["post", "get"]))
      .addColumn("content_type", "text", oneOfTexts("content_type", ["json", "form"]))
      .addColumn("user_id", "integer", (column) => column.notNull().references("users.id").onDelete("restrict"))
      .addColumn("code", "text"),
  ).execute();
  await db.schema.createIndex("webhooks_reference").on("webhooks").column("reference").unique().execute();
  await db.schema
    .createIndex("webhooks_endpoint_method")
    .on("webhooks")
    .columns(["endpoint", "method"])
    .unique()
    .execute();
  // What foreign keys look up when the row that they point at is deleted.
  await db.schema.createIndex("webhooks_authenticator_id").on("webhooks").column("authenticator_id").execute();
  await db.schema.createIndex("webhooks_user_id").on("webhooks").column("user_id").execute();

  await finish(
    db.schema
      .createTable("sessions")
      .addColumn("token_hash", "text", (column) => column.notNull().primaryKey())
      .addColumn("user_id", "integer", (column) => column.notNull().references("users.id").onDelete("cascade"))
      .addColumn("create_date", bigInteger, required)
      .addColumn("expires_date", bigInteger, required),
  ).execute();
  await db.schema.createIndex("sessions_user_id").on("sessions").column("user_id").execute();

  await finish(
    db.schema
      .createTable("api_tokens")
      .addColumn("id", "integer", counting)
      .addColumn("user_id", "integer", (column) => column.notNull().references("users.id").onDelete("cascade"))
      .addColumn("name", "text", required)
      .addColumn("token_hash", "text", required)
      .addColumn("create_date", bigInteger, required)
      .addColumn("last_used_date", bigInteger),
  ).execute();
  await db.schema.createIndex("api_tokens_token_hash").on("api_tokens").column("token_hash").unique().execute();
  await db.schema.createIndex("api_tokens_user_id").on("api_tokens").column("user_id").execute();

  // No foreign keys: a call is written even when its webhook was deleted meanwhile.
  await finish(
    db.schema
      .createTable("webhook_logs")
      .addColumn("id", sortedText, (column) => column.notNull().primaryKey())
      .addColumn("create_date", bigInteger, required)
      .addColumn("webhook_id", "integer")
      .addColumn("authenticator_id", "integer")
      .addColumn("endpoint", "text", required)
      .addColumn("request_method", "text", required)
      .addColumn("request_headers", "text", required)
      .addColumn("request_query", "text", required)
      .addColumn("payload_source", "text", oneOfTexts("payload_source", ["json", "form", "query"]))
      .addColumn("raw_body", bytes)
      .addColumn("ip_address", "text")
      .addColumn("country_code", "text")
      .addColumn(
        "authentication_status",
        "text",
        oneOfTexts("authentication_status", ["success", "failed", "not_required"]),
      )
      .addColumn(
        "code_status",
        "text",
        oneOfTexts("code_status", ["success", "failed", "skipped", "queued", "running"]),
      )
      .addColumn("http_status", "integer", required)
      .addColumn("result_message", "text")
      .addColumn("error_message", "text")
      .addColumn("error_traceback", "text")
      .addColumn("code_log", "text")
      .addColumn("user_id", "integer")
      .addColumn("duration_ms", real, required)
      .addColumn("attempt", "integer", required)
      .addColumn("replay_of", "text")
      .addColumn("test", "integer", flag("test")),
  ).execute();
  await db.schema.createIndex("webhook_logs_webhook_id").on("webhook_logs").columns(["webhook_id", "id"]).execute();

  await finish(
    db.schema
      .createTable("settings")
      .addColumn("id", "integer", (column) =>
        column
          .notNull()
          .primaryKey()
          .check(oneOf("id", [1])),
      )
      .addColumn("webhook_log_duration", "integer", required)
      .addColumn("write_date", bigInteger, required),
  ).execute();
  await finish(
    db.schema
      .createTable("configuration_version")
      .addColumn("id", "integer", (column) =>
        column
          .notNull()
          .primaryKey()
          .check(oneOf("id", [1])),
      )
      .addColumn("version", bigInteger, required),
  ).execute();
  await db.insertInto("settings").values({ id: 1, webhook_log_duration: 30, write_date: Date.now() }).execute();
  await sql`insert into configuration_version (id, version) values (1, 1)`.execute(db);
}
