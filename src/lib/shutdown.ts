import { coerceError } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** Steps that end a process, run in order, each with its own time. */
export interface ShutdownStep {
  readonly name: string;
  readonly timeoutMs: number;
  readonly run: () => Promise<void>;
}

/** Runs every step even when one fails or takes too long: the next ones still save what they can. */
export async function runShutdown(steps: readonly ShutdownStep[], logger: Logger): Promise<void> {
  for (const { name, timeoutMs, run } of steps) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`took longer than ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      await Promise.race([run(), late]);
    } catch (thrown) {
      logger.error({ err: coerceError(thrown), step: name }, "a step of the shutdown failed");
    } finally {
      clearTimeout(timer);
    }
  }
}
