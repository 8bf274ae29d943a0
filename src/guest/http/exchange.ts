import type { Dispatcher } from "undici";
import type { HttpRequest } from "./http-request.ts";
import type { Holding } from "./received-bytes.ts";

/** A response as it came: the body is not decoded. */
export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  /** Name, value, as the server wrote them; Latin-1. */
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: Buffer;
  /** From the call to the response's head, connecting included. */
  readonly elapsedMs: number;
}

/** How far a request came: what its failure means depends on it. */
export type Stage = "connecting" | "waiting" | "receiving";

/** It failed, by the network or by a timeout (`TimeoutError` is the cause). */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly stage: Stage;

  constructor(stage: Stage, cause: unknown) {
    super(`the exchange failed while ${stage}`, { cause });
    this.stage = stage;
  }
}

/** The time that the program gave is over. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Sends one request and receives its response. Rejects with ExchangeError, or what `received` throws. */
export function exchange(
  dispatcher: Dispatcher,
  request: HttpRequest,
  received: Holding,
  signal: AbortSignal,
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let controller: Dispatcher.DispatchController | null = null;
    let stage: Stage = "connecting";
    let failure: Error | null = null;
    let timer: NodeJS.Timeout | undefined;
    let head: Omit<RawResponse, "body"> | null = null;
    const chunks: Buffer[] = [];

    function fail(error: Error): void {
      if (failure) return;
      failure = error;
      tidy();
      controller?.abort(error);
      reject(error);
    }

    const onAbort = () => fail(new ExchangeError(stage, signal.reason));
    function limit(ms: number | null): void {
      clearTimeout(timer);
      timer = ms === null ? undefined : setTimeout(() => fail(new ExchangeError(stage, new TimeoutError())), ms);
    }
    function tidy(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }

    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    limit(request.connectTimeoutMs);

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(given) {
        controller = given;
        if (failure) return given.abort(failure);
        stage = "waiting";
        limit(request.readTimeoutMs);
      },
      onResponseStart(given, status, _headers, reason = "") {
        timer?.refresh();
        if (status < 200) return; // a real one follows
        stage = "receiving";
        head = { status, reason, headers: readRawHeaders(given.rawHeaders), elapsedMs: performance.now() - startedAt };
      },
      onResponseData(_controller, chunk) {
        timer?.refresh();
        try {
          received.add(chunk.length);
          chunks.push(chunk);
        } catch (error) {
          fail(error as Error);
        }
      },
      onResponseEnd() {
        if (failure) return;
        tidy();
        if (head) resolve({ ...head, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) });
        else reject(new ExchangeError(stage, new Error("no response came")));
      },
      onResponseError(_controller, error) {
        fail(new ExchangeError(stage, error));
      },
    };

    const { origin, target: path, method, headers, body, close } = request;
    dispatcher.dispatch(
      {
        origin: origin.origin,
        path,
        method,
        headers: [...headers],
        body,
        reset: close,
        // Both are counted here, to the millisecond.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      handler,
    );
  });
}

function readRawHeaders(raw: Dispatcher.DispatchController["rawHeaders"]): Array<[string, string]> {
  if (!Array.isArray(raw)) return [];
  const texts = raw.map((part) => (typeof part === "string" ? part : part.toString("latin1")));
  const pairs: Array<[string, string]> = [];
  for (let index = 0; index + 1 < texts.length; index += 2) pairs.push([texts[index] ?? "", texts[index + 1] ?? ""]);
  return pairs;
}
