import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describeFailure } from "./connection.ts";
import type { Owner } from "../owner.ts";

const SQLITE_BUSY = 5;

/**
 * A file for each process, locked while it lives: the operating system drops the lock of a process that
 * is killed, so others know at once. The lock is SQLite's own, as Node has no call for it; a file that
 * is locked stays empty.
 *
 * Rejected: process ids. In a container the next process has the number of the last one, and two containers
 * on one volume do not see each other's.
 */
export function openSqliteOwner(dataDir: string): Owner & { close(): void } {
  const directory = join(dataDir, "owners");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { id, held } = lockOwn(directory);
  // What killed processes have left behind.
  for (const name of readdirSync(directory)) if (name !== id) hasEnded(name);

  function hasEnded(other: string): boolean {
    if (other === id) return false;
    const path = join(directory, other);
    if (!existsSync(path)) return true;
    const lockOfOther = lock(path);
    if (lockOfOther === null) return false;
    rmSync(path, { force: true });
    lockOfOther.close();
    return true;
  }

  return {
    id,
    hasEnded,
    close() {
      rmSync(join(directory, id), { force: true });
      held.close();
    },
  };
}

/** Tried again when another process, sweeping, came between the making of the file and its lock. */
function lockOwn(directory: string): { readonly id: string; readonly held: DatabaseSync } {
  for (;;) {
    const id = randomUUID();
    const held = lock(join(directory, id));
    if (held && existsSync(join(directory, id))) return { id, held };
    held?.close();
  }
}

/** @returns null when another process has it */
function lock(path: string): DatabaseSync | null {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    // Not to have a journal file beside each.
    db.exec("pragma journal_mode = memory");
    db.exec("begin exclusive");
    return db;
  } catch (error) {
    db.close();
    // Others may say more than the plain code (SQLITE_BUSY_RECOVERY …): the low byte is the kind.
    if ((describeFailure(error).errcode & 0xff) === SQLITE_BUSY) return null;
    throw error;
  }
}
