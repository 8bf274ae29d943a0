import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { TooLargeError } from "./received-bytes.ts";

/** The body does not fit its Content-Encoding. */
export class ContentCodingError extends Error {
  override readonly name = "ContentCodingError";
}

type Decode = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

// As browsers do, a body that ends early gives what there is of it.
const lenient = { finishFlush: zlib.constants.Z_SYNC_FLUSH };
const [gunzip, inflate, inflateRaw] = [zlib.gunzip, zlib.inflate, zlib.inflateRaw].map((unpack) =>
  promisify<Uint8Array, zlib.ZlibOptions, Buffer>(unpack),
) as [Decode, Decode, Decode];
const brotli: Decode = promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress);
const zstd: Decode = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: (body, options) => gunzip(body, { ...lenient, ...options }),
  "x-gzip": (body, options) => gunzip(body, { ...lenient, ...options }),
  // Some servers leave the header of zlib out.
  deflate: (body, options) => (hasZlibHeader(body) ? inflate : inflateRaw)(body, { ...lenient, ...options }),
  br: brotli,
  zstd,
};

/** More than this is no honest server's. */
const MAX_CODINGS = 4;

/**
 * Takes the content codings off a body. What is not known stays on, as in Python's library.
 *
 * @throws ContentCodingError
 * @throws TooLargeError when the result is larger than `maxBytes`
 */
export async function decodeBody(body: Buffer, contentEncoding: string, maxBytes: number): Promise<Buffer> {
  const codings = contentEncoding
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (body.length === 0 || codings.some((coding) => !Object.hasOwn(DECODERS, coding))) return body;
  if (codings.length > MAX_CODINGS) throw new ContentCodingError("the response is encoded too many times");
  let decoded = body;
  for (const coding of codings.toReversed()) decoded = await decode(decoded, coding, maxBytes);
  return decoded;
}

async function decode(body: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  try {
    return (await DECODERS[coding]?.(body, { maxOutputLength: maxBytes })) ?? body;
  } catch (error) {
    if (error instanceof RangeError) {
      throw new TooLargeError(
        `the response is larger than ${maxBytes} bytes when it is decompressed; HOOKTOWER_EGRESS_MAX_RESPONSE_BYTES sets the limit`,
        { cause: error },
      );
    }
    throw new ContentCodingError(`Received response with content-encoding: ${coding}, but failed to decode it.`, {
      cause: error,
    });
  }
}

function hasZlibHeader(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
