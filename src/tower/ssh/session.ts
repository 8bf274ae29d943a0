import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "ssh2";
import { formatPlace } from "./connect-errors.ts";
import { SshError } from "./errors.ts";
import type { Lease, Pool } from "./pool.ts";
import type { SshTarget } from "./ssh.ts";
import { isDoneWithin, isTimeUp, onAbort } from "./time-limit.ts";

/** A channel on a connection, and the connection's room that it takes. */
export interface Session<T> {
  readonly channel: T;
  readonly lease: Lease;
}

/** How to open a channel. */
export interface Opener<T> {
  /**
   * @param done must get a channel that is listened to already: a short command's end can come in
   *   the same packet as the answer that it has begun
   */
  open(client: Client, done: (error: Error | undefined, makeChannel: () => T) => void): void;
  /** For a channel that was opened too late. */
  close(channel: T): void;
}

/** Attempts that a server may refuse since it allows fewer sessions than we thought. */
const MOST_REFUSALS = 8;
const REFUSED_MS = 25;
/** A server that does not even answer a request for a channel is given up after this. */
const ANSWER_MS = 5000;

/**
 * Opens a channel on a shared connection. Where the connection turns out to be dead, and it is
 * certain that the server has not begun anything, it is done once more on another one.
 *
 * @throws SshError
 */
export async function openSession<T>(
  pool: Pool,
  target: SshTarget,
  opener: Opener<T>,
  signal: AbortSignal,
): Promise<Session<T>> {
  let refusals = 0;
  let wasLost = false;
  for (;;) {
    const lease = await pool.acquire(target, signal);
    const opening = startOpening(lease, opener);
    try {
      return { lease, channel: await untilOpen(opening, lease, target, opener, signal) };
    } catch (error) {
      if (error instanceof SshError) throw error;
      const canWait = isRefusal(error) && refusals < MOST_REFUSALS;
      const hasOthers = isRefusal(error) && lease.limitSessions();
      const canRepeat: boolean = !isRefusal(error) && !wasLost && opening.isSurelyNotBegun();
      if (canRepeat) lease.connection.destroy();
      lease.release();
      if (!canWait && !canRepeat) throw explain(error, target);
      refusals += canWait ? 1 : 0;
      // A session that has ended may count on the server for a moment longer than here.
      if (canWait && !hasOthers) await delay(REFUSED_MS * refusals);
      wasLost ||= canRepeat;
      // A connection that was lost is still in the pool until its end is noticed.
      if (canRepeat) await lease.connection.closed;
    }
  }
}

interface Opening<T> {
  /** Rejects with ssh2's error. */
  readonly channel: Promise<T>;
  isSurelyNotBegun(): boolean;
}

/**
 * The request to run is sent when the server has answered the request for a channel. If nothing was
 * heard since, or nothing more was sent, the server cannot have begun.
 */
function startOpening<T>({ connection }: Lease, opener: Opener<T>): Opening<T> {
  const read = connection.bytesRead;
  const channel = new Promise<T>((resolve, reject) => {
    opener.open(connection.client, (error, makeChannel) => (error ? reject(error) : resolve(makeChannel())));
  });
  const written = connection.bytesWritten;
  return { channel, isSurelyNotBegun: () => connection.bytesRead === read || connection.bytesWritten === written };
}

/** Rejects with ssh2's error, or with SshError when there is no more time. The lease is then given back here. */
async function untilOpen<T>(
  opening: Opening<T>,
  lease: Lease,
  target: SshTarget,
  opener: Opener<T>,
  signal: AbortSignal,
): Promise<T> {
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  const forget = onAbort(signal, () => {
    void abandon(opening.channel, lease, opener);
    const text = `${formatPlace(target)} did not start the command in time`;
    stop(isTimeUp(signal) ? new SshError("timeout", text) : new SshError("aborted", "Stopped before it began"));
  });
  try {
    return await Promise.race([opening.channel, stopped]);
  } finally {
    forget();
  }
}

async function abandon<T>(opening: Promise<T>, lease: Lease, opener: Opener<T>): Promise<void> {
  const closing = opening.then((channel) => opener.close(channel));
  if (!(await isDoneWithin(closing, ANSWER_MS))) lease.connection.destroy();
  lease.release();
}

/** ssh2 gives a `reason` to errors that are the server's answer. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && "reason" in error;
}

function explain(error: unknown, target: SshTarget): SshError {
  const where = formatPlace(target);
  const message = error instanceof Error ? error.message : String(error);
  if (isRefusal(error)) {
    const text = `${where} refused to open a session for ${target.username}: ${message}`;
    return new SshError("refused", text);
  }
  if (/Unable to|establishing SFTP/.test(message)) {
    return new SshError("refused", `${where} does not offer this to ${target.username}: ${message}`);
  }
  return new SshError(
    "connection_lost",
    `The connection to ${where} was lost when the command was about to start: it may or may not have started`,
  );
}
