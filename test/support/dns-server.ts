import { createSocket, type RemoteInfo } from "node:dgram";

/** A record's type by number, its time to live, and its data in the form of the wire. */
export interface DnsRecord {
  readonly type: number;
  readonly ttl: number;
  readonly data: Buffer;
}

/** What the server does with questions for a name: records, an error of the protocol by number, or silence. */
export type DnsZone = Readonly<Record<string, readonly DnsRecord[] | number | "silent">>;

export interface DnsServer extends AsyncDisposable {
  /** As a resolver takes it: `127.0.0.1:port`. */
  readonly address: string;
  /** Names in the order in which they were asked for. */
  readonly questions: readonly string[];
}

const NAME_ERROR = 3;
const HEADER_BYTES = 12;
/** The name of an answer: it stands where the question's begins. */
const SAME_NAME = Buffer.from([0xc0, HEADER_BYTES]);

/** A name server on loopback (UDP). A name that the zone does not have does not exist. */
export async function startDnsServer(zone: DnsZone): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const questions: string[] = [];

  socket.on("message", (query: Buffer, peer: RemoteInfo) => {
    const { name, type, end } = readQuestion(query);
    questions.push(name);
    const entry = Object.hasOwn(zone, name) ? zone[name] : NAME_ERROR;
    if (entry === undefined || entry === "silent") return;
    const code = typeof entry === "number" ? entry : 0;
    const records = typeof entry === "number" ? [] : entry.filter((record) => record.type === type);
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    const answer = Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records.map(encodeRecord)]);
    socket.send(answer, peer.port, peer.address);
  });

  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let position = HEADER_BYTES;
  for (let length = query.readUInt8(position); length > 0; length = query.readUInt8(position)) {
    labels.push(query.toString("latin1", position + 1, position + 1 + length));
    position += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(position + 1), end: position + 5 };
}

function encodeRecord({ type, ttl, data }: DnsRecord): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(ttl, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([SAME_NAME, head, data]);
}

/** The wire form of a name. */
export function encodeName(name: string): Buffer {
  const labels = name === "" ? [] : name.split(".");
  return Buffer.concat([...labels.map(encodeText), Buffer.of(0)]);
}

/** A text with its length before it. */
export function encodeText(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** Numbers of two bytes. */
export function encodeShorts(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => bytes.writeUInt16BE(number, index * 2));
  return bytes;
}

/** Numbers of four bytes. */
export function encodeLongs(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => bytes.writeUInt32BE(number, index * 4));
  return bytes;
}
