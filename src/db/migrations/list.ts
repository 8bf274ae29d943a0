import type { Kysely } from "kysely";
import type { Tables } from "../schema.ts";
import type { Dialect } from "./columns.ts";
import { up as firstTables } from "./0001-first-tables.ts";
import { up as tower } from "./0002-tower.ts";
import { up as jobs } from "./0003-jobs.ts";

/** One step of the schema, forward only. It runs in a transaction together with all other pending ones. */
export interface Migration {
  /** `NNNN-name`, as its file; never changed once released. */
  readonly name: string;
  readonly up: (db: Kysely<Tables>, dialect: Dialect) => Promise<void>;
}

/** All migrations, oldest first. A list rather than a folder that is searched: the compiler sees it. */
export const MIGRATIONS: readonly Migration[] = [
  { name: "0001-first-tables", up: firstTables },
  { name: "0002-tower", up: tower },
  { name: "0003-jobs", up: jobs },
];
