import type { Actor } from "../records/access.ts";
import type { CallView } from "../calls/call.ts";

/** A call made by hand, from the app or the API; every part is optional. */
export interface TestCall {
  readonly method?: "post" | "get";
  readonly headers?: Readonly<Record<string, string>>;
  /** Raw query string, without `?`. */
  readonly query?: string;
  /** Text, sent as UTF-8. */
  readonly body?: string;
  /** Source to run in place of the stored one. */
  readonly code?: string;
}

/**
 * Runs a webhook's code without a sender: no address rules and no authenticator, since a Root user
 * asked for it. The call is logged with `test: true` and authentication `not_required`.
 * Both throw HooktowerError `not_found`, `invalid` or `unavailable`.
 */
export interface ManualCalls {
  run(webhookReference: string, call: TestCall, actor: Actor): Promise<CallView>;
  /** Runs a logged call again from its exact bytes, linked by `replay_of`. */
  replay(callId: string, actor: Actor): Promise<CallView>;
}
