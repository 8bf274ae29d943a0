import type { Actor } from "../records/access.ts";

/** Somebody who is signed in: who acts, and what to call them. */
export interface Account extends Actor {
  readonly name: string;
}
