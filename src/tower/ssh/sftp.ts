import type { SFTPWrapper } from "ssh2";
import { formatPlace } from "./connect-errors.ts";
import { SshError } from "./errors.ts";
import type { Pool } from "./pool.ts";
import { openSession, type Opener } from "./session.ts";
import { createRemoteFiles, isStatus, STATUS, typeOf, type RemoteFiles } from "./sftp-calls.ts";
import { writeFile } from "./sftp-upload.ts";
import type { CallLimits, DownloadOptions, FileStat, SshTarget, UploadOptions } from "./ssh.ts";
import { createTimeLimit, isTimeUp, onAbort } from "./time-limit.ts";

const DEFAULT_DOWNLOAD_BYTES = 64 * 1024 * 1024;
/** What one request asks for. OpenSSH gives up to 256 KiB; ssh2 asks others for less at a time. */
const READ_BYTES = 256 * 1024;
const CLEAN_UP_MS = 3000;

export async function upload(
  pool: Pool,
  target: SshTarget,
  path: string,
  data: Uint8Array | AsyncIterable<Uint8Array>,
  options: UploadOptions = {},
): Promise<void> {
  await useFiles(pool, target, path, options, (files, limit) => writeFile(files, path, data, options, limit));
}

export async function download(
  pool: Pool,
  target: SshTarget,
  path: string,
  options: DownloadOptions = {},
): Promise<Buffer> {
  const maxBytes = options.maxBytes ?? DEFAULT_DOWNLOAD_BYTES;
  return useFiles(pool, target, path, options, async (files, limit) => {
    const { isDirectory, size } = await describe(files, path);
    if (isDirectory) throw new SshError("file_failed", `${path} is a directory, not a file`);
    if (size > maxBytes) throw tooLarge(path, maxBytes);
    return readFile(files, path, maxBytes, limit);
  });
}

export async function deleteFile(pool: Pool, target: SshTarget, path: string, limits: CallLimits = {}): Promise<void> {
  await useFiles(pool, target, path, limits, (files) => files.unlink(path));
}

/** Follows links, as reading does. */
export async function findFile(
  pool: Pool,
  target: SshTarget,
  path: string,
  limits: CallLimits = {},
): Promise<FileStat | null> {
  return useFiles(pool, target, path, limits, async (files) => {
    const found = await files.findAttributes(path);
    if (found === null) return null;
    return {
      size: found.size,
      mode: found.mode & 0o7777,
      uid: found.uid,
      gid: found.gid,
      modifiedAt: new Date(found.mtime * 1000),
      type: typeOf(found),
    };
  });
}

async function describe(files: RemoteFiles, path: string): Promise<{ isDirectory: boolean; size: number }> {
  const attributes = await files.getAttributes(path);
  return { isDirectory: typeOf(attributes) === "directory", size: attributes.size };
}

/** Reads to the end, not to the size that was said: files of /proc say 0, and logs grow. */
async function readFile(files: RemoteFiles, path: string, maxBytes: number, limit: AbortSignal): Promise<Buffer> {
  const handle = await files.open(path, "r");
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      limit.throwIfAborted();
      const chunk = await files.read(handle, length, READ_BYTES);
      if (chunk.length === 0) return Buffer.concat(chunks);
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(path, maxBytes);
      chunks.push(chunk);
    }
  } finally {
    await files.close(handle).catch(() => undefined);
  }
}

function tooLarge(path: string, maxBytes: number): SshError {
  return new SshError("too_large", `The file ${path} is larger than ${maxBytes.toLocaleString("en")} bytes`);
}

/** Opens an SFTP channel for one piece of work. */
async function useFiles<T>(
  pool: Pool,
  target: SshTarget,
  path: string,
  limits: CallLimits,
  work: (files: RemoteFiles, limit: AbortSignal) => Promise<T>,
): Promise<T> {
  if (path === "" || path.includes("\0"))
    throw new SshError("invalid", "The path is empty, or has a NUL character in it");
  const limit = createTimeLimit(limits);
  const { channel, lease } = await openSession(pool, target, OPENER, limit);
  const { promise: ended, reject: end } = Promise.withResolvers<never>();
  void channel.closed.then(() => end(lostError(target)));
  // The work sees the signal itself, and then has a moment to clean up.
  let timer: NodeJS.Timeout | undefined;
  const forget = onAbort(limit, () => {
    timer = setTimeout(() => end(stoppedError(limit, path)), CLEAN_UP_MS);
  });
  // When nothing is wrong, nobody waits for this.
  ended.catch(() => undefined);
  try {
    return await Promise.race([work(createRemoteFiles(channel.sftp), limit), ended]);
  } catch (error) {
    throw limit.aborted ? stoppedError(limit, path) : explain(error, path, target);
  } finally {
    forget();
    clearTimeout(timer);
    channel.sftp.end();
    lease.release();
  }
}

interface FileChannel {
  readonly sftp: SFTPWrapper;
  readonly closed: Promise<void>;
}

const OPENER: Opener<FileChannel> = {
  open: (client, done) => void client.sftp((error, sftp) => done(error, () => ({ sftp, closed: untilClosed(sftp) }))),
  close: ({ sftp }) => sftp.end(),
};

/** ssh2 leaves requests without an answer when the channel closes. */
function untilClosed(sftp: SFTPWrapper): Promise<void> {
  sftp.on("error", () => undefined);
  return new Promise((resolve) => void sftp.once("close", () => resolve()));
}

function explain(error: unknown, path: string, target: SshTarget): unknown {
  if (error instanceof SshError) return error;
  if (isStatus(error, STATUS.noSuchFile)) return new SshError("not_found", `The file ${path} not found.`);
  const where = `${target.username} on ${formatPlace(target)}`;
  if (isStatus(error, STATUS.permissionDenied)) return new SshError("file_failed", `${where} has no right to ${path}`);
  const message = error instanceof Error ? error.message : String(error);
  return new SshError("file_failed", `${path} for ${where}: ${message}`);
}

function lostError(target: SshTarget): SshError {
  return new SshError("connection_lost", `The connection to ${formatPlace(target)} was lost during a file transfer`);
}

function stoppedError(limit: AbortSignal, path: string): SshError {
  if (!isTimeUp(limit)) return new SshError("aborted", `The transfer of ${path} was stopped`);
  return new SshError("timeout", `The transfer of ${path} was not done in time`);
}
