import type { HooktowerError } from "../lib/errors.ts";

/** A command cannot be done, for a reason that one line says. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The message, and what the details add to it. */
export function describe(error: HooktowerError): string {
  const details = error.errors.map(({ message }) => message).filter((message) => !error.message.includes(message));
  return [error.message, ...details].join(": ");
}
