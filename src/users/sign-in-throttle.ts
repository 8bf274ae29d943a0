import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Clock } from "../lib/clock.ts";
import { HooktowerError } from "../lib/errors.ts";
import { createAttempts } from "./attempts.ts";

const WINDOW_MS = 15 * 60 * 1000;
/** Enough for a person who tries all of their passwords; a guesser gets 960 a day. */
const FAILURES_PER_LOGIN = 10;
/** Several people may share an address. */
const FAILURES_PER_ADDRESS = 50;
const MAX_KEYS = 10_000;

/** Slows guessing of passwords down, per login and per address, in this process. */
export function createSignInThrottle(clock: Clock) {
  const byLogin = createAttempts(clock, { limit: FAILURES_PER_LOGIN, windowMs: WINDOW_MS, maxKeys: MAX_KEYS });
  const byAddress = createAttempts(clock, { limit: FAILURES_PER_ADDRESS, windowMs: WINDOW_MS, maxKeys: MAX_KEYS });

  return {
    /** @throws HooktowerError `too_many_requests` */
    start(login: string, address: string): { succeed(): void } {
      const loginKey = hash(login);
      const addressKey = networkOf(address);
      refuseWhile(byAddress.start(addressKey));
      refuseWhile(byLogin.start(loginKey));
      return {
        succeed() {
          byLogin.forget(loginKey);
          // Not forgotten: somebody with an account could otherwise guess others' passwords freely.
          byAddress.giveBack(addressKey);
        },
      };
    },
  };
}

function refuseWhile(seconds: number): void {
  if (seconds === 0) return;
  throw new HooktowerError("too_many_requests", `Too many failed sign-ins: try again in ${seconds} seconds`, {
    retryAfterSeconds: seconds,
  });
}

/** A login may be long; what is remembered of it is not. */
function hash(login: string): string {
  return createHash("sha256").update(login).digest("base64");
}

/** One customer has a whole /64 of IPv6 addresses, and so has one guesser. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  if (tail === undefined) return left.slice(0, 4).join(":");
  const right = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
