import type { IncomingMessage, ServerResponse } from "node:http";
import { coerceError } from "../lib/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { readBody, readHeaders, splitTarget } from "./http-request.ts";
import { receive, type AnsweredCall, type Intake } from "./receive.ts";
import { asciiJson, messageReply, refuse, type Reply } from "./verdict.ts";

export const INTAKE_PREFIX = "/cetmix_tower_webhooks/";

const METHODS = new Map([
  ["POST", "post"],
  ["GET", "get"],
  // Answered as GET would be for an endpoint that does not exist, as the original does.
  ["HEAD", "head"],
]);

export interface IntakeHandlerOptions {
  readonly intake: Intake;
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  /** Whether the server takes no more connections: senders are told not to use theirs again. */
  readonly isClosing: () => boolean;
  readonly onStart: () => void;
  /** Null when the call came to no verdict: a fault of ours, or a sender that hung up. */
  readonly onEnd: (call: AnsweredCall | null) => void;
}

export type IntakeHandler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Speaks HTTP for the intake, straight on node:http. A web framework in front was left out: it
 * decides about bodies and content types before we do (Fastify answers 415 to a Content-Type that
 * it cannot read, and the original takes any), and every layer is paid for by each call.
 */
export function createIntakeHandler(options: IntakeHandlerOptions): IntakeHandler {
  const { logger, onStart, onEnd } = options;
  return (request, response) => {
    onStart();
    answer(options, request, response).then(onEnd, (thrown: unknown) => {
      onEnd(null);
      logger.error({ err: coerceError(thrown) }, "a call failed inside the intake");
      send(response, messageReply(500, asciiJson("Internal error")));
    });
  };
}

async function answer(
  { intake, maxBodyBytes, isClosing }: IntakeHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<AnsweredCall | null> {
  const method = METHODS.get(request.method ?? "");
  if (method === undefined) {
    send(response, messageReply(405, asciiJson("Method not allowed"), { Allow: "GET, POST" }));
    return null;
  }
  const body = await readBody(request, maxBodyBytes);
  if (!body.ok && body.problem === "incomplete") return null;
  const target = splitTarget(request.url ?? "", INTAKE_PREFIX);
  const call = await receive(intake, {
    method,
    ...target,
    headers: readHeaders(request.rawHeaders),
    peer: request.socket.remoteAddress ?? "",
    body: body.ok ? body.bytes : new Uint8Array(0),
    ...(!body.ok && { problem: refuse(413, `The body is larger than ${maxBodyBytes} bytes`) }),
  });
  // What is left of a body that was not read would be taken for the next request.
  const isLast = !body.ok || isClosing();
  send(response, call.reply, { "X-Hooktower-Call": call.id, ...(isLast && { Connection: "close" }) });
  return call;
}

function send(response: ServerResponse, reply: Reply, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return;
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
  // A 204 or 304 has no body and no length.
  const isBodyless = reply.status === 204 || reply.status === 304;
  response.writeHead(reply.status, {
    ...reply.headers,
    ...headers,
    ...(!isBodyless && { "Content-Length": String(body.length) }),
  });
  response.end(isBodyless ? undefined : body);
}
