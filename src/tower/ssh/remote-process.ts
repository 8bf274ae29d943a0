import { randomBytes } from "node:crypto";
import type { Client, ClientChannel } from "ssh2";
import type { SudoMode } from "./command-line.ts";
import type { SshTarget } from "./ssh.ts";
import { isDoneWithin } from "./time-limit.ts";

/**
 * Ends what a command has started. sshd passes a signal on to the process group of a command, but
 * not for root, and sudo's processes do not take it from their user. For these two the process
 * group is asked for when the command starts, and a second command kills it.
 */
export interface RemoteProcess {
  /** What to send instead of the line. */
  readonly line: string;
  /** Standard error without what was added to it. */
  filterStderr(chunk: Buffer): Buffer;
  /** What was held back until now. */
  endStderr(): Buffer;
  /** Resolves when all was done that can be done; whether it helped shows when the channel closes. */
  kill(client: Client, channel: ClientChannel): Promise<void>;
}

const NOTHING = Buffer.alloc(0);
/** What may be printed before our own line: by the shell's start files. */
const MOST_HELD_BYTES = 64 * 1024;
const SAY_MS = 1000;

export function createRemoteProcess(
  line: string,
  target: Pick<SshTarget, "username">,
  sudo: SudoMode,
  sudoPassword: string | undefined,
): RemoteProcess {
  if (target.username !== "root" && sudo === "off") {
    return {
      line,
      filterStderr: (chunk) => chunk,
      endStderr: () => NOTHING,
      async kill(client, channel) {
        sendSignal(client, channel, "KILL");
      },
    };
  }

  const token = randomBytes(12).toString("hex");
  let held: Buffer | null = NOTHING;
  let processGroup = "";
  const { promise: known, resolve: markKnown } = Promise.withResolvers<void>();

  return {
    // The parent of this `sh` is the shell that runs the line; sshd made it the leader of a group.
    // Both words are the same in every login shell, fish and csh too.
    line: `sh -c 'echo ${token} $PPID >&2'; ${line}`,
    filterStderr(chunk) {
      if (held === null) return chunk;
      held = Buffer.concat([held, chunk]);
      const text = held.toString("latin1");
      const found = new RegExp(`${token} (\\d+)\\n`).exec(text);
      if (found === null && held.length < MOST_HELD_BYTES) return NOTHING;
      const passed = found ? withoutRange(held, found.index, found[0].length) : held;
      processGroup = found?.[1] ?? "";
      held = null;
      markKnown();
      return passed;
    },
    endStderr() {
      const rest = held ?? NOTHING;
      held = null;
      return rest;
    },
    async kill(client, channel) {
      if (sudo === "off") sendSignal(client, channel, "KILL");
      // A command that is stopped at once may not have said it yet.
      await isDoneWithin(known, SAY_MS);
      // 0 and 1 would be whole other groups.
      if (!(Number(processGroup) > 1)) return;
      await runQuietly(client, makeKillLine(processGroup, sudo), sudo === "p" ? `${sudoPassword ?? ""}\n` : "");
    },
  };
}

/**
 * sudo passes SIGTERM on to its command, which may be in another group; SIGKILL cannot be passed
 * on. What is left after a second is killed.
 */
function makeKillLine(group: string, sudo: SudoMode): string {
  if (sudo === "off") return `sh -c 'kill -s KILL -- -${group}'`;
  const prefix = sudo === "n" ? "sudo -n" : "sudo -S -p ''";
  return `${prefix} sh -c 'kill -s TERM -- -${group}; sleep 1; kill -s KILL -- -${group}'`;
}

function runQuietly(client: Client, line: string, stdin: string): Promise<void> {
  return new Promise((resolve) => {
    try {
      client.exec(line, (error, channel) => {
        if (error) {
          resolve();
          return;
        }
        channel.on("close", resolve).on("error", () => resolve());
        channel.resume();
        channel.stderr.resume();
        channel.end(stdin);
      });
    } catch {
      // The connection is gone.
      resolve();
    }
  });
}

/** What of ssh2's inside is needed: its own `signal` does nothing once standard input has ended. */
interface ClientInside {
  readonly _protocol?: { signal(channel: number, name: string): void };
}

interface ChannelInside {
  readonly outgoing?: { readonly id: number; readonly state: "open" | "eof" | "closing" | "closed" };
}

function sendSignal(client: Client, channel: ClientChannel, name: string): void {
  const { outgoing } = channel as unknown as ChannelInside;
  if (outgoing === undefined || (outgoing.state !== "open" && outgoing.state !== "eof")) return;
  (client as unknown as ClientInside)._protocol?.signal(outgoing.id, name);
}

function withoutRange(bytes: Buffer, start: number, length: number): Buffer {
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
}
