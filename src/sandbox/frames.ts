/**
 * Frames: how messages lie on the pipe between the host and a runner, the same in both directions.
 *
 *   u32 length of what follows | u8 kind | u32 id | u32 length of head | head (UTF-8 JSON) | blob
 *
 * Integers are little-endian. Bytes travel as the blob, never as base64. Not V8's own
 * serialisation: it is not safe to parse from a process that may have been taken over.
 */

const PREFIX_BYTES = 13;

export interface Frame {
  readonly kind: number;
  readonly id: number;
  /** Views of the received chunk: read them before the next chunk arrives. */
  readonly head: Buffer;
  readonly blob: Buffer;
}

/** Builds a frame. `blobs` are laid one after the other. */
export function encodeFrame(kind: number, id: number, head = "", blobs: readonly Uint8Array[] = []): Buffer {
  const headBytes = Buffer.byteLength(head);
  let blobBytes = 0;
  for (const blob of blobs) blobBytes += blob.length;
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + headBytes + blobBytes);
  writePrefix(frame, kind, id, headBytes, blobBytes);
  frame.write(head, PREFIX_BYTES);
  let offset = PREFIX_BYTES + headBytes;
  for (const blob of blobs) {
    frame.set(blob, offset);
    offset += blob.length;
  }
  return frame;
}

/** Builds a frame whose head is bytes already. */
export function encodeFrameOfBytes(kind: number, id: number, head: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + head.length);
  writePrefix(frame, kind, id, head.length, 0);
  frame.set(head, PREFIX_BYTES);
  return frame;
}

function writePrefix(frame: Buffer, kind: number, id: number, headBytes: number, blobBytes: number): void {
  frame.writeUInt32LE(PREFIX_BYTES - 4 + headBytes + blobBytes, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32LE(id, 5);
  frame.writeUInt32LE(headBytes, 9);
}

export class FrameError extends Error {
  override name = "FrameError";
}

/**
 * Cuts a stream of chunks into frames. The returned function gives every frame that a chunk
 * completes; it throws FrameError for a frame that is longer than `maxBytes()` or contradicts itself.
 */
export function createFrameReader(maxBytes: () => number): (chunk: Buffer) => Frame[] {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** Bytes needed before it is worth looking again. */
  let wanted = PREFIX_BYTES;

  return function readFrames(chunk) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < wanted) return [];
    const bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting, waitingBytes);
    const frames: Frame[] = [];
    let offset = 0;
    wanted = PREFIX_BYTES;
    while (bytes.length - offset >= PREFIX_BYTES) {
      const length = bytes.readUInt32LE(offset) + 4;
      const headBytes = bytes.readUInt32LE(offset + 9);
      if (length > maxBytes()) throw new FrameError(`a frame of ${length} bytes is too long`);
      if (length < PREFIX_BYTES + headBytes) throw new FrameError("a frame is shorter than its head");
      if (bytes.length - offset < length) {
        wanted = length;
        break;
      }
      const headEnd = offset + PREFIX_BYTES + headBytes;
      frames.push({
        kind: bytes.readUInt8(offset + 4),
        id: bytes.readUInt32LE(offset + 5),
        head: bytes.subarray(offset + PREFIX_BYTES, headEnd),
        blob: bytes.subarray(headEnd, offset + length),
      });
      offset += length;
    }
    waiting = offset === bytes.length ? [] : [bytes.subarray(offset)];
    waitingBytes = bytes.length - offset;
    return frames;
  };
}
