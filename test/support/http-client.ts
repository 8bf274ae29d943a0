import { Agent, request, type IncomingHttpHeaders } from "node:http";

/** A request as a test wants it; every part is sent as it is given. */
export interface CallInit {
  readonly method?: string;
  /** An object, or name, value, name, value … where names repeat. */
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: string | Uint8Array | null;
  /** Raw query string, without `?`. */
  readonly query?: string;
}

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The `message` of a JSON body; undefined when there is none. */
  readonly message: unknown;
  /** `X-Hooktower-Call`: the id of the logged call. */
  readonly id: string;
}

/** A client over node:http: `fetch` forbids headers that senders use, and joins repeated ones. */
export function createHttpClient(baseUrl: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const { hostname, port } = new URL(baseUrl);

  function send(path: string, init: CallInit = {}): Promise<Answer> {
    const { method = "POST", headers = {}, body = null } = init;
    const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers).flat();
    const bytes = body === null ? null : Buffer.from(body);
    const isFramed = pairs.some((name, index) => index % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name));
    // Given raw headers, node:http would frame a POST without a body as chunked, which no sender does.
    if (!isFramed && (bytes || !["GET", "HEAD"].includes(method)))
      pairs.push("Content-Length", String(bytes?.length ?? 0));
    pairs.push("Host", `${hostname}:${port}`);
    return new Promise((resolve, reject) => {
      const target = init.query ? `${path}?${init.query}` : path;
      const sent = request({ agent, hostname, port, method, path: target, headers: pairs }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve(readAnswer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))),
        );
      });
      sent.on("error", reject);
      sent.end(bytes ?? undefined);
    });
  }

  return { send, close: () => agent.destroy() };
}

function readAnswer(status: number, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
  const text = bytes.toString("utf8");
  return { status, headers, bytes, text, message: readMessage(text), id: String(headers["x-hooktower-call"] ?? "") };
}

function readMessage(text: string): unknown {
  try {
    return (JSON.parse(text) as { message?: unknown } | null)?.message;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
