/**
 * This process among all on the database, as the holder of leases (see jobs/queue.ts). Its id is new with
 * every start, so a process never takes what its predecessor held for its own.
 */
export interface Owner {
  readonly id: string;
  /**
   * Whether the process behind another id has ended. Null where nobody can know that (PostgreSQL:
   * a connection may be lost while its process goes on): then only the time of a lease counts.
   */
  readonly hasEnded: ((id: string) => boolean) | null;
}
