import type { Agent } from "undici";
import { isTooDeep } from "../../lib/json-depth.ts";
import type { Json } from "../../sandbox/sandbox.ts";
import type { EgressPolicy } from "../egress/policy.ts";
import type { HostCalls } from "../host-calls.ts";
import { decodeBody } from "./content-coding.ts";
import { exchange, ExchangeError, type RawResponse } from "./exchange.ts";
import { codeOf, toGuestError } from "./http-errors.ts";
import { parseHttpRequest, type HttpRequest } from "./http-request.ts";
import { createReceivedBytes, type Holding } from "./received-bytes.ts";

export interface HttpCalls {
  readonly hostCalls: HostCalls;
  /** Loads what the first request would load otherwise: a tenth of a second, which no start waits for. */
  load(): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly policy: EgressPolicy;
  /** Bytes of one response, before and after decompression. */
  readonly maxResponseBytes: number;
}

/**
 * Less than servers keep an idle connection (gunicorn 2 s, others 5 s and more): a POST that meets a closing one fails,
 * which it never does in Python's library, whose functions open a connection each.
 */
const KEEP_ALIVE_MS = 1_500;
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * `http.request`: one request and its response. Redirects are the program's to follow, so each hop
 * is a call of its own and judged anew.
 */
export function createHttpCalls({ policy, maxResponseBytes }: HttpOptions): HttpCalls {
  let loading: Promise<Agents> | null = null;
  const getAgents = (): Promise<Agents> => (loading ??= createAgents(policy));
  const received = createReceivedBytes(maxResponseBytes);

  async function send(request: HttpRequest, signal: AbortSignal): Promise<Json> {
    using holding = received.hold();
    const agents = await getAgents();
    const agent = request.verify ? agents.verified : agents.unverified;
    const response = await exchangeAgain(agent, request, holding, signal);
    const body = await decodeBody(response.body, valuesOf(response, "content-encoding"), maxResponseBytes);
    if (body !== response.body) holding.add(body.length - response.body.length);
    return describeResponse(response, body);
  }

  return {
    hostCalls: {
      "http.request": async (args, { signal }) => {
        const request = parseHttpRequest(args);
        try {
          return await send(request, signal);
        } catch (error) {
          throw toGuestError(error, request);
        }
      },
    },
    load: async () => void (await getAgents()),
    async close() {
      const agents = await loading;
      await Promise.all([agents?.verified.destroy(), agents?.unverified.destroy()]);
    },
  };
}

interface Agents {
  readonly verified: Agent;
  readonly unverified: Agent;
}

/** A connection for every request in progress; what was idle for a while is closed. */
async function createAgents(policy: EgressPolicy): Promise<Agents> {
  const [undici, { createConnector }] = await Promise.all([import("undici"), import("./connector.ts")]);
  const createAgent = (verify: boolean) =>
    new undici.Agent({
      connect: createConnector(policy, verify),
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
  return { verified: createAgent(true), unverified: createAgent(false) };
}

const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const HUNG_UP = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** A server may close an idle connection just when it is used again: what can do no harm is sent once more. */
async function exchangeAgain(
  agent: Agent,
  request: HttpRequest,
  holding: Holding,
  signal: AbortSignal,
): Promise<RawResponse> {
  try {
    return await exchange(agent, request, holding, signal);
  } catch (error) {
    const isStale = error instanceof ExchangeError && error.stage === "waiting" && HUNG_UP.has(codeOf(error.cause));
    if (!isStale || !REPEATABLE.has(request.method)) throw error;
    return exchange(agent, request, holding, signal);
  }
}

/** What `requests_api.py` makes a Response of. */
function describeResponse({ status, reason, headers, elapsedMs }: RawResponse, body: Buffer): Json {
  return {
    status,
    reason,
    headers: headers.map(([name, value]) => [name, value]),
    body: body.toString("base64"),
    // Python's parser would end the interpreter; see json-depth.ts.
    too_deep: isTooDeep(body),
    elapsed_us: Math.round(elapsedMs * 1000),
  };
}

function valuesOf({ headers }: RawResponse, wanted: string): string {
  return headers
    .filter(([name]) => name.toLowerCase() === wanted)
    .map(([, value]) => value)
    .join(",");
}
