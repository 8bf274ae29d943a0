/** Counts what is received and not handed on yet, so that servers cannot fill the memory. */

/** Bytes of all responses together. */
const MAX_HELD_BYTES = 512 * 1024 * 1024;

/** A response is larger than it may be, or all of them together are. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
}

export interface Holding extends Disposable {
  /** @throws TooLargeError */
  add(bytes: number): void;
}

/** @param maxBytes of one response */
export function createReceivedBytes(maxBytes: number): { hold(): Holding } {
  let held = 0;
  return {
    hold() {
      let own = 0;
      return {
        add(bytes) {
          own += bytes;
          held += bytes;
          if (own > maxBytes) {
            throw new TooLargeError(
              `the response is larger than ${maxBytes} bytes; HOOKTOWER_EGRESS_MAX_RESPONSE_BYTES sets the limit`,
            );
          }
          if (held > MAX_HELD_BYTES) throw new TooLargeError("more is being received at once than there is room for");
        },
        [Symbol.dispose]() {
          held -= own;
          own = 0;
        },
      };
    },
  };
}
