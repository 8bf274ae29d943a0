/** What SQLite said, carried over from the database's thread. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  /** Node's code, e.g. `ERR_SQLITE_ERROR`. */
  readonly code: string;
  /** SQLite's extended result code, e.g. 2067 for SQLITE_CONSTRAINT_UNIQUE; 0 where SQLite was not asked. */
  readonly errcode: number;
  /** The statement, with placeholders for its values. */
  readonly sql: string;

  constructor(failure: SqliteFailure, sql: string) {
    super(failure.message);
    this.code = failure.code;
    this.errcode = failure.errcode;
    this.sql = sql;
  }
}

/** An error as it crosses from one thread to the other. */
export interface SqliteFailure {
  readonly message: string;
  readonly code: string;
  readonly errcode: number;
}

export interface ConstraintViolation {
  /** Null where the database does not say. */
  readonly table: string | null;
  /** The columns that must be unique together; empty where the database does not say. */
  readonly columns: readonly string[];
  /** PostgreSQL only. */
  readonly constraint: string | null;
}

const SQLITE_CONSTRAINT_FOREIGNKEY = 787;
// SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY and _ROWID
const SQLITE_UNIQUE_CODES = new Set([2067, 1555, 2579]);
const POSTGRES_UNIQUE_VIOLATION = "23505";
// foreign_key_violation and restrict_violation
const POSTGRES_FOREIGN_KEY_CODES = new Set(["23503", "23001"]);

/**
 * Whether a statement failed because a row with the same values exists.
 *
 * @returns what clashed; null for every other error
 */
export function isUniqueViolation(error: unknown): ConstraintViolation | null {
  if (error instanceof SqliteError) {
    return SQLITE_UNIQUE_CODES.has(error.errcode) ? readSqliteViolation(error.message) : null;
  }
  if (!isPostgresError(error) || error.code !== POSTGRES_UNIQUE_VIOLATION) return null;
  // `Key (endpoint, method)=(push, post) already exists.` The words are translated, the shape is not.
  const columns = /\(([^()]*)\)=\(/.exec(error.detail ?? "")?.[1]?.split(",") ?? [];
  return {
    table: error.table ?? null,
    columns: columns.map((column) => column.trim().replaceAll('"', "")),
    constraint: error.constraint ?? null,
  };
}

/** Whether a statement failed because a row points at nothing, or is pointed at by others. */
export function isForeignKeyViolation(error: unknown): boolean {
  if (error instanceof SqliteError) {
    // `on delete restrict` is a trigger inside SQLite and has the code of one (1811).
    return error.errcode === SQLITE_CONSTRAINT_FOREIGNKEY || error.message === "FOREIGN KEY constraint failed";
  }
  return isPostgresError(error) && POSTGRES_FOREIGN_KEY_CODES.has(error.code ?? "");
}

/** Reads `UNIQUE constraint failed: webhooks.endpoint, webhooks.method`. */
function readSqliteViolation(message: string): ConstraintViolation {
  const names = [...message.matchAll(/(\w+)\.(\w+)/g)];
  return { table: names[0]?.[1] ?? null, columns: names.map((name) => name[2] ?? ""), constraint: null };
}

interface PostgresError extends Error {
  readonly code?: string;
  readonly table?: string;
  readonly constraint?: string;
  readonly detail?: string;
}

/** By shape: pg's own class is not shared by every version of pg that may be installed. */
function isPostgresError(error: unknown): error is PostgresError {
  return error instanceof Error && "severity" in error && "code" in error;
}
