import type { Output } from "./errors.ts";

/** Keeps what one stream prints: all of it up to a limit, and beyond that its beginning and its end. */
export interface OutputKeeper {
  push(chunk: Uint8Array): void;
  /** Where bytes are missing, a line between beginning and end says how many. */
  readText(): { readonly text: string; readonly cut: number };
}

const FIRST_BYTES = 4096;

/** @param maxBytes memory it may take, whatever comes */
export function createOutputKeeper(maxBytes: number): OutputKeeper {
  const headBytes = Math.ceil(maxBytes / 2);
  const tailBytes = maxBytes - headBytes;
  let head = Buffer.alloc(0);
  let headLength = 0;
  // A ring, made when the head is full: `tailTotal` counts all that was written to it.
  let tail: Buffer | null = null;
  let tailTotal = 0;

  function pushToHead(chunk: Uint8Array): void {
    const length = headLength + chunk.length;
    if (length > head.length) {
      const larger = Buffer.alloc(Math.min(headBytes, Math.max(FIRST_BYTES, head.length * 2, length)));
      head.copy(larger, 0, 0, headLength);
      head = larger;
    }
    head.set(chunk, headLength);
    headLength = length;
  }

  function pushToTail(chunk: Uint8Array): void {
    tail ??= Buffer.alloc(tailBytes);
    tailTotal += chunk.length;
    if (tailBytes === 0) return;
    const kept = chunk.subarray(Math.max(0, chunk.length - tailBytes));
    const start = (tailTotal - kept.length) % tailBytes;
    const beforeWrap = kept.subarray(0, tailBytes - start);
    tail.set(beforeWrap, start);
    tail.set(kept.subarray(beforeWrap.length), 0);
  }

  function readTail(): Buffer {
    if (tail === null) return Buffer.alloc(0);
    if (tailTotal <= tailBytes) return tail.subarray(0, tailTotal);
    const start = tailBytes === 0 ? 0 : tailTotal % tailBytes;
    return Buffer.concat([tail.subarray(start), tail.subarray(0, start)]);
  }

  return {
    push(chunk) {
      const forHead = chunk.subarray(0, headBytes - headLength);
      if (forHead.length > 0) pushToHead(forHead);
      if (chunk.length > forHead.length) pushToTail(chunk.subarray(forHead.length));
    },
    readText() {
      const first = head.subarray(0, headLength);
      const last = readTail();
      if (tailTotal <= tailBytes) return { text: decodeUtf8(Buffer.concat([first, last])), cut: 0 };
      const whole = [dropBrokenEnd(first), dropBrokenStart(last)] as const;
      const cut = headLength + tailTotal - whole[0].length - whole[1].length;
      return { text: whole.map(decodeUtf8).join(`\n… ${cut.toLocaleString("en")} bytes cut …\n`), cut };
    },
  };
}

/** Both streams of a command. */
export interface OutputRecorder {
  push(chunk: Uint8Array, stream: "stdout" | "stderr"): void;
  readOutput(): Output;
}

/** @param onOutput gets the text as it comes; a character that comes in two pieces is waited for */
export function createOutputRecorder(
  maxBytes: number,
  onOutput?: (text: string, stream: "stdout" | "stderr") => void,
): OutputRecorder {
  const keepers = { stdout: createOutputKeeper(maxBytes), stderr: createOutputKeeper(maxBytes) };
  const decoders = { stdout: createDecoder(), stderr: createDecoder() };
  return {
    push(chunk, stream) {
      keepers[stream].push(chunk);
      if (!onOutput) return;
      const text = decoders[stream].decode(chunk, { stream: true });
      if (text !== "") onOutput(text, stream);
    },
    readOutput() {
      const stdout = keepers.stdout.readText();
      const stderr = keepers.stderr.readText();
      return { stdout: stdout.text, stderr: stderr.text, cut: { stdout: stdout.cut, stderr: stderr.cut } };
    },
  };
}

/** What is not UTF-8 becomes U+FFFD; a byte order mark is text like any other. */
function createDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

function decodeUtf8(bytes: Uint8Array): string {
  return createDecoder().decode(bytes);
}

/** Without the first bytes of a character whose other bytes were cut off. */
function dropBrokenEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

/** Without the last bytes of a character whose first bytes were cut off. */
function dropBrokenStart(bytes: Buffer): Buffer {
  const start = bytes.subarray(0, 4).findIndex((byte) => (byte & 0xc0) !== 0x80);
  return start > 0 ? bytes.subarray(start) : bytes;
}
