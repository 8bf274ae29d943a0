import { coerceError } from "../../lib/errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { createOutputKeeper } from "../ssh/output.ts";
import { maskOutput } from "./masked-output.ts";
import type { OnOutput } from "./runs.ts";

/** Keeps a command's log up to date while it runs, and notices when somebody else has ended it. */
export interface LiveLog {
  readonly onOutput: OnOutput;
  /** No more writing. */
  stop(): Promise<void>;
}

interface LiveLogOptions {
  /** Not to be shown. */
  readonly secrets: readonly string[];
  /** @returns whether the log still says that the command runs */
  readonly write: (output: { readonly response: string | null; readonly error: string | null }) => Promise<boolean>;
  /** The log says that it does not. */
  readonly onStopped: () => void;
  /** Gets the same, masked. */
  readonly onOutput: OnOutput | undefined;
  readonly logger: Logger;
}

const INTERVAL_MS = 1000;
/** Of each stream; the whole is written when the command has ended. */
const SHOWN_BYTES = 64 * 1024;

export function createLiveLog({ secrets, write, onStopped, onOutput, logger }: LiveLogOptions): LiveLog {
  const shown = { stdout: createOutputKeeper(SHOWN_BYTES), stderr: createOutputKeeper(SHOWN_BYTES) };
  const output = maskOutput(secrets, (text, stream) => {
    shown[stream].push(Buffer.from(text));
    onOutput?.(text, stream);
  });
  let writing: Promise<void> = Promise.resolve();

  async function writeOnce(): Promise<void> {
    // PostgreSQL takes no NUL in a text, and nobody misses it in a log.
    const [response, error] = [shown.stdout, shown.stderr].map(
      (keeper) => keeper.readText().text.replaceAll("\0", "") || null,
    );
    if (!(await write({ response: response ?? null, error: error ?? null }))) onStopped();
  }

  const timer = setInterval(() => {
    writing = writing.then(writeOnce).catch((thrown: unknown) => {
      logger.warn({ err: coerceError(thrown) }, "the log of a running command could not be written, trying again");
    });
  }, INTERVAL_MS);
  timer.unref();

  return {
    onOutput: output.onOutput,
    async stop() {
      clearInterval(timer);
      output.end();
      await writing;
    },
  };
}
