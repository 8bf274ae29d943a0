import { createStreamMasker } from "../../guest/stream-mask.ts";
import type { OnOutput } from "./runs.ts";

/** Output on its way to whoever watches, without the secrets. */
export interface MaskedOutput {
  readonly onOutput: OnOutput;
  /** Passes on what was held back: the end of a stream could have been the beginning of a secret. */
  end(): void;
}

/** @param show gets what may be seen, as it comes */
export function maskOutput(secrets: readonly string[], show: OnOutput): MaskedOutput {
  const maskers = { stdout: createStreamMasker(secrets), stderr: createStreamMasker(secrets) };
  const pass = (text: string, stream: "stdout" | "stderr") => {
    if (text !== "") show(text, stream);
  };
  return {
    onOutput: (text, stream) => pass(maskers[stream].push(text), stream),
    end() {
      pass(maskers.stdout.end(), "stdout");
      pass(maskers.stderr.end(), "stderr");
    },
  };
}
