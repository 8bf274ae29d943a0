import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import type { Attributes } from "ssh2";
import { SshError } from "./errors.ts";
import { isStatus, STATUS, typeOf, type RemoteFiles } from "./sftp-calls.ts";
import type { UploadOptions } from "./ssh.ts";
import { orAborted } from "./time-limit.ts";

export type UploadData = Uint8Array | AsyncIterable<Uint8Array>;

/** What is sent at once, and how many of them before the first is answered. */
const WRITE_BYTES = 32 * 1024;
const MOST_WRITES = 32;

/**
 * Writes a new file next to the old one and puts it in its place. Where that would change more than
 * the content (the owner), or may not be done, the old file is written over, as it was always done.
 */
export async function writeFile(
  files: RemoteFiles,
  path: string,
  data: UploadData,
  { mode, createDirectories = false }: UploadOptions,
  limit: AbortSignal,
): Promise<void> {
  if (createDirectories) await makeDirectories(files, posix.dirname(path));
  const old = await files.findAttributes(path);
  if (old !== null && typeOf(old) === "directory") {
    throw new SshError("file_failed", `${path} is a directory, not a file`);
  }
  // A link stays a link; what it leads to is replaced.
  const place = old === null ? path : await files.realPath(path);
  const temporary = old !== null && typeOf(old) === "other" ? null : await createTemporary(files, place, old, mode);
  if (temporary === null) {
    await writeOver(files, place, data, mode, limit);
    return;
  }
  try {
    await fill(files, temporary.handle, data, limit);
    await files.replace(temporary.path, place);
  } catch (error) {
    await files.unlink(temporary.path).catch(() => undefined);
    throw error;
  }
}

/** @returns null when the old file must be written over, or the directory may not be written to */
async function createTemporary(
  files: RemoteFiles,
  place: string,
  old: Attributes | null,
  mode: number | undefined,
): Promise<{ path: string; handle: Buffer } | null> {
  const name = `.${posix.basename(place).slice(0, 200)}.${randomBytes(6).toString("hex")}.tmp`;
  const path = posix.join(posix.dirname(place), name);
  const wanted = mode ?? (old === null ? undefined : old.mode & 0o7777);
  let handle: Buffer;
  try {
    // Nobody may read it who may not read the old one, not even for a moment.
    handle = await files.open(path, "wx", wanted === undefined ? undefined : wanted & 0o700);
  } catch (error) {
    if (old !== null && isStatus(error, STATUS.permissionDenied)) return null;
    throw error;
  }
  try {
    if (old !== null) await takeOwner(files, handle, path, old);
    if (wanted !== undefined) await files.setAttributes(handle, { mode: wanted });
    return { path, handle };
  } catch {
    await files.close(handle).catch(() => undefined);
    await files.unlink(path).catch(() => undefined);
    if (old === null) throw new SshError("file_failed", `The permissions of ${place} cannot be set`);
    return null;
  }
}

async function takeOwner(files: RemoteFiles, handle: Buffer, path: string, old: Attributes): Promise<void> {
  const own = await files.getAttributes(path);
  if (own.uid === old.uid && own.gid === old.gid) return;
  await files.setAttributes(handle, { uid: old.uid, gid: old.gid });
}

async function writeOver(
  files: RemoteFiles,
  path: string,
  data: UploadData,
  mode: number | undefined,
  limit: AbortSignal,
): Promise<void> {
  const handle = await files.open(path, "w");
  if (mode !== undefined) await files.setAttributes(handle, { mode });
  await fill(files, handle, data, limit);
}

/** Writes all of it and closes the file. */
async function fill(files: RemoteFiles, handle: Buffer, data: UploadData, limit: AbortSignal): Promise<void> {
  try {
    await writeAll(files, handle, data, limit);
  } catch (error) {
    await files.close(handle).catch(() => undefined);
    throw error;
  }
  await files.close(handle);
}

async function writeAll(files: RemoteFiles, handle: Buffer, data: UploadData, limit: AbortSignal): Promise<void> {
  const writes: Array<Promise<void>> = [];
  let position = 0;
  const chunks = data instanceof Uint8Array ? readWhole(data) : data[Symbol.asyncIterator]();
  try {
    for (;;) {
      const chunk = await orAborted(chunks.next(), limit);
      if (chunk.done === true) break;
      const bytes = Buffer.from(chunk.value.buffer, chunk.value.byteOffset, chunk.value.byteLength);
      for (let start = 0; start < bytes.length; start += WRITE_BYTES) {
        limit.throwIfAborted();
        const piece = bytes.subarray(start, start + WRITE_BYTES);
        writes.push(files.write(handle, position, piece));
        position += piece.length;
        if (writes.length >= MOST_WRITES) await writes.shift();
      }
    }
  } finally {
    await Promise.allSettled(writes);
  }
  await Promise.all(writes);
}

async function* readWhole(bytes: Uint8Array): AsyncGenerator<Uint8Array, undefined> {
  yield bytes;
}

async function makeDirectories(files: RemoteFiles, path: string): Promise<void> {
  const found = await files.findAttributes(path);
  if (found !== null) {
    if (typeOf(found) === "directory") return;
    throw new SshError("file_failed", `${path} is not a directory`);
  }
  const parent = posix.dirname(path);
  if (parent !== path) await makeDirectories(files, parent);
  try {
    await files.makeDirectory(path);
  } catch (error) {
    // Somebody else may have made it at the same time.
    if ((await files.findAttributes(path)) === null) throw error;
  }
}
