import type { Input } from "../sandbox/sandbox.ts";
import type { RunAsUser } from "../webhooks/route.ts";
import type { RequestHeaders } from "./http-request.ts";

export function headersInput(headers: RequestHeaders): Input {
  return { kind: "headers", entries: [...headers] };
}

/** `user` and `uid` of code that runs as this user. */
export function userInputs(user: Pick<RunAsUser, "id" | "login" | "name" | "email">): Record<"user" | "uid", Input> {
  const { id, login, name, email } = user;
  return {
    user: { kind: "record", model: "res.users", fields: { id, login, name, email: email ?? false } },
    uid: { kind: "json", value: id },
  };
}

/**
 * Authenticators run before it is known who calls, so they run as nobody: the original gives them
 * its public user, whose login is this and whose id is 3 there. No right hangs on it.
 */
export const PUBLIC_USER = userInputs({ id: 3, login: "public", name: "Public user", email: null });
