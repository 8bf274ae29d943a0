import type { PayloadSource } from "../calls/call.ts";
import { readForm, readQuery } from "../lib/form.ts";
import type { Input } from "../sandbox/sandbox.ts";
import type { ReceivedRequest } from "./http-request.ts";

/** The parsed request as the two kinds of code see it: the webhook gets `payload or {}`. */
export interface Payload {
  readonly source: PayloadSource;
  readonly forAuthenticator: Input;
  readonly forWebhook: Input;
}

/**
 * What `payload` is, as in the original: query parameters for GET; for POST by the webhook's
 * Payload Type, whatever the Content-Type says. The first value of each name counts.
 * Everything comes from the exact bytes.
 */
export async function readPayload(
  payloadType: "json" | "form",
  request: Pick<ReceivedRequest, "method" | "query" | "body" | "headers">,
): Promise<Payload> {
  if (request.method === "get") return same("query", readQuery(request.query));
  if (payloadType === "form") return same("form", await readForm(request.body, request.headers.get("Content-Type")));
  return {
    source: "json",
    forAuthenticator: { kind: "jsonBody", bytes: request.body, emptyForFalsy: false },
    forWebhook: { kind: "jsonBody", bytes: request.body, emptyForFalsy: true },
  };
}

function same(source: PayloadSource, value: Record<string, string>): Payload {
  const input: Input = { kind: "json", value };
  return { source, forAuthenticator: input, forWebhook: input };
}
