import { createHmac, randomBytes } from "node:crypto";
import { formatPlace } from "./connect-errors.ts";
import type { Connection, openConnection } from "./connect.ts";
import { SshError } from "./errors.ts";
import type { SshOptions, SshTarget } from "./ssh.ts";
import { isTimeUp, onAbort } from "./time-limit.ts";

/**
 * Connections, shared by all that have an equal target. A call waits in turn: first come, first
 * served among the calls of a target, and a target without a connection gets one before others get
 * more of them; if need be a busy one takes no new calls until it can be closed for it.
 */
export interface Pool {
  /** Room for one session. @throws SshError */
  acquire(target: SshTarget, signal: AbortSignal): Promise<Lease>;
  /** Connections that are open or being opened. */
  readonly size: number;
  close(): Promise<void>;
}

export interface Lease {
  readonly connection: Connection;
  /** The server refused the session. @returns whether others are open, so that waiting may help */
  limitSessions(): boolean;
  /** Gives the room back; what is done twice counts once. */
  release(): void;
}

interface Entry {
  readonly group: Group;
  readonly connection: Connection;
  sessions: number;
  capacity: number;
  isDraining: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Waiter {
  /** Its place among all that wait. */
  readonly ticket: number;
  readonly take: (lease: Lease) => void;
  readonly refuse: (error: SshError) => void;
}

interface Group {
  readonly key: string;
  readonly target: SshTarget;
  readonly entries: Set<Entry>;
  opening: number;
  /** Connections it may have. Less than allowed where the server took no more. */
  most: number;
  waiters: Waiter[];
}

const MOST_WAITERS = 10_000;

export function createPool(options: SshOptions): Pool {
  const maxConnections = options.maxConnections ?? 64;
  const maxPerTarget = options.maxConnectionsPerTarget ?? 4;
  const maxSessions = options.maxSessionsPerConnection ?? 8;
  const idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
  const keepAliveMs = options.keepAliveMs ?? 15_000;

  const makeKey = createKeyMaker();
  const groups = new Map<string, Group>();
  const openings = new AbortController();
  const attempts = new Set<Promise<void>>();
  let nextTicket = 0;
  let waiting = 0;
  let isClosed = false;

  async function acquire(target: SshTarget, signal: AbortSignal): Promise<Lease> {
    if (isClosed) throw closedError();
    if (waiting >= MOST_WAITERS) throw new SshError("refused", "Too many commands wait for an SSH connection");
    const group = findOrCreateGroup(target);
    const { promise, resolve, reject } = Promise.withResolvers<Lease>();
    const waiter = { ticket: nextTicket++, take: resolve, refuse: reject };
    group.waiters.push(waiter);
    waiting += 1;
    const forget = onAbort(signal, () => {
      group.waiters = group.waiters.filter((other) => other !== waiter);
      reject(giveUp(target, signal));
    });
    serve();
    try {
      return await promise;
    } finally {
      waiting -= 1;
      forget();
      dropIfEmpty(group);
    }
  }

  /** Everything that may be done now. Called after each change. */
  function serve(): void {
    for (const group of groups.values()) serveGroup(group);
    const inNeed = [...groups.values()].filter((group) => group.waiters.length > 0);
    for (const group of inNeed.toSorted(byNeed)) openWhatIsNeeded(group);
    makeRoom(inNeed.filter((group) => countOf(group) === 0).length);
  }

  function serveGroup(group: Group): void {
    while (group.waiters.length > 0) {
      const entry = findRoom(group);
      if (entry === undefined) return;
      group.waiters.shift()?.take(lend(entry));
    }
  }

  /** The fullest connection with room, so that others become idle and close. */
  function findRoom(group: Group): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of group.entries) {
      if (entry.isDraining || !entry.connection.isOpen || entry.sessions >= entry.capacity) continue;
      if (best === undefined || entry.sessions > best.sessions) best = entry;
    }
    return best;
  }

  function openWhatIsNeeded(group: Group): void {
    // Whether the server lets this target in at all is found out with one attempt, not with several.
    const most = group.entries.size === 0 ? 1 : group.most - group.entries.size;
    const wanted = Math.min(most, Math.ceil(group.waiters.length / maxSessions));
    while (group.opening < wanted && (size() < maxConnections || closeAnIdleOne(group))) open(group);
  }

  function open(group: Group): void {
    group.opening += 1;
    const attempt = openLater(group.target, { keepAliveMs, signal: openings.signal }).then(
      (connection) => {
        group.opening -= 1;
        addEntry(group, connection);
      },
      (error: unknown) => {
        group.opening -= 1;
        // Those who wait for a further connection still have the others.
        group.most = group.entries.size;
        if (countOf(group) === 0) refuseAll(group, error as SshError);
        dropIfEmpty(group);
        serve();
      },
    );
    attempts.add(attempt);
    void attempt.finally(() => attempts.delete(attempt));
  }

  function addEntry(group: Group, connection: Connection): void {
    const entry: Entry = {
      group,
      connection,
      sessions: 0,
      capacity: maxSessions,
      isDraining: false,
      idleTimer: undefined,
    };
    group.entries.add(entry);
    void connection.closed.then(() => {
      remove(entry);
      serve();
    });
    if (isClosed) connection.end();
    serve();
    restIfIdle(entry);
  }

  function lend(entry: Entry): Lease {
    clearTimeout(entry.idleTimer);
    entry.sessions += 1;
    let isHeld = true;
    return {
      connection: entry.connection,
      limitSessions() {
        if (entry.sessions <= 1) return false;
        entry.capacity = Math.min(entry.capacity, entry.sessions - 1);
        return true;
      },
      release() {
        if (!isHeld) return;
        isHeld = false;
        entry.sessions -= 1;
        serve();
        restIfIdle(entry);
      },
    };
  }

  function restIfIdle(entry: Entry): void {
    if (entry.sessions > 0 || !entry.group.entries.has(entry)) return;
    if (entry.isDraining) {
      retire(entry);
      serve();
      return;
    }
    clearTimeout(entry.idleTimer);
    entry.idleTimer = setTimeout(() => retire(entry), idleTimeoutMs);
    // A connection that nobody uses does not keep the process alive.
    entry.idleTimer.unref();
  }

  function retire(entry: Entry): void {
    remove(entry);
    entry.connection.end();
  }

  function remove(entry: Entry): void {
    clearTimeout(entry.idleTimer);
    entry.group.entries.delete(entry);
    dropIfEmpty(entry.group);
  }

  function closeAnIdleOne(forGroup: Group): boolean {
    // One that rests longest is first: entries and groups are in the order in which they came.
    const idle = allEntries().find((entry) => entry.sessions === 0 && entry.group !== forGroup);
    if (idle) retire(idle);
    return idle !== undefined;
  }

  /** @param needed targets that have no connection, and none is free for them */
  function makeRoom(needed: number): void {
    const draining = allEntries().filter((entry) => entry.isDraining).length;
    for (let count = draining; count < needed; count += 1) {
      const busy = allEntries().filter((entry) => !entry.isDraining && entry.sessions > 0);
      const [entry] = busy.toSorted((a, b) => countOf(b.group) - countOf(a.group) || a.sessions - b.sessions);
      if (entry === undefined) return;
      entry.isDraining = true;
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    openings.abort();
    for (const group of groups.values()) refuseAll(group, closedError());
    const entries = allEntries();
    for (const entry of entries) retire(entry);
    await Promise.all([...attempts, ...entries.map((entry) => closeWithin(entry.connection, 1000))]);
  }

  function findOrCreateGroup(target: SshTarget): Group {
    const key = makeKey(target);
    const empty = { entries: new Set<Entry>(), opening: 0, most: maxPerTarget, waiters: [] };
    const group = groups.get(key) ?? { key, target, ...empty };
    groups.set(key, group);
    return group;
  }

  function dropIfEmpty(group: Group): void {
    const isEmpty = countOf(group) === 0 && group.waiters.length === 0;
    if (isEmpty && groups.get(group.key) === group) groups.delete(group.key);
  }

  const allEntries = (): Entry[] => [...groups.values()].flatMap((group) => [...group.entries]);
  const size = (): number => groups.values().reduce((sum, group) => sum + countOf(group), 0);

  return {
    acquire,
    get size() {
      return size();
    },
    close,
  };
}

function countOf(group: Group): number {
  return group.entries.size + group.opening;
}

/** Those with the fewest connections first; among equals, who has waited longest. */
function byNeed(a: Group, b: Group): number {
  return countOf(a) - countOf(b) || (a.waiters[0]?.ticket ?? 0) - (b.waiters[0]?.ticket ?? 0);
}

function refuseAll(group: Group, error: SshError): void {
  const waiters = group.waiters;
  group.waiters = [];
  for (const waiter of waiters) waiter.refuse(error);
}

function giveUp(target: SshTarget, signal: AbortSignal): SshError {
  if (!isTimeUp(signal)) return new SshError("aborted", "Stopped while it waited for an SSH connection");
  return new SshError("timeout", `No connection to ${formatPlace(target)} was there in time`);
}

function closedError(): SshError {
  return new SshError("closed", "SSH connections are being closed: Hooktower stops");
}

async function closeWithin(connection: Connection, ms: number): Promise<void> {
  const timer = setTimeout(() => connection.destroy(), ms);
  await connection.closed;
  clearTimeout(timer);
}

/**
 * Equal targets have equal keys. They are HMACs under a key of this process: secrets are part of a
 * target, and nobody who sees a key may be able to check guesses against it.
 */
function createKeyMaker(): (target: SshTarget) => string {
  const secret = randomBytes(32);
  return ({ host, port, username, auth, hostKey, connectTimeoutMs = 0 }) => {
    const proof = auth.type === "password" ? [auth.password] : [auth.privateKey, auth.passphrase ?? ""];
    const server = hostKey.type === "expect" ? hostKey.key : "";
    const parts = [host, port, username, auth.type, ...proof, hostKey.type, server, connectTimeoutMs];
    return createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64");
  };
}

/** Loaded with the first connection: ssh2 takes 60 ms to load, and not every tower has servers. */
const openLater: typeof openConnection = async (...args) => (await import("./connect.ts")).openConnection(...args);
