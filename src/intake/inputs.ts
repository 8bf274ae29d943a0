import { toGuestUser } from "../guest/guest.ts";
import type { Input } from "../sandbox/sandbox.ts";
import type { RequestHeaders } from "./http-request.ts";

export function headersInput(headers: RequestHeaders): Input {
  return { kind: "headers", entries: [...headers] };
}

/**
 * Authenticators run before it is known who calls, so what they see as `user` is nobody: the original
 * gives them its public user, whose login is this and whose id is 3 there. No right hangs on it.
 */
export const PUBLIC_USER = toGuestUser({ id: 3, login: "public", name: "Public user", email: null });
