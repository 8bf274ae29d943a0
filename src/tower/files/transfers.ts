import { createMasker } from "../../guest/mask.ts";
import { HooktowerError, invalid } from "../../lib/errors.ts";
import { MAX_TEXT_LENGTH } from "../../records/field.ts";
import type { ServerRow } from "../runs/run-records.store.ts";
import { readServer } from "../runs/run-records.store.ts";
import type { RunTools } from "../runs/run-tools.ts";
import { openServerAccess } from "../servers/ssh-target.ts";
import { SshError } from "../ssh/errors.ts";
import type { CallLimits } from "../ssh/ssh.ts";
import { RenderError } from "../variables/renderer.ts";
import type { Read } from "../variables/variable-values.ts";
import { FileProblem, renderContent, renderPaths, toStored } from "./file-content.ts";
import { readFileRow, updateFile, type FileRow } from "./files.store.ts";
import { MAX_FILE_BYTES } from "./file.model.ts";

/** What moving files takes. */
export type FileTools = Pick<
  RunTools,
  "db" | "clock" | "logger" | "records" | "models" | "cipher" | "secrets" | "renderer" | "variables" | "readTimeout"
> & { readonly ssh: Pick<RunTools["ssh"], "upload" | "download" | "deleteFile"> };

export interface TransferOptions {
  readonly signal?: AbortSignal;
}

/**
 * Moves the content of file records to and from their servers, whoever asks: rights are asked for elsewhere.
 * How it went stands in the record's `server_response`. All throw HooktowerError, `not_found` for a record that is
 * gone, `unavailable` when the server cannot be reached, `invalid` for everything else.
 */
export interface Transfers {
  /** Replaces the file on the server. */
  push(fileId: number, options?: TransferOptions): Promise<void>;
  /** Replaces the content of the record. */
  pull(fileId: number, options?: TransferOptions): Promise<void>;
  /** What is on the server by now; the record keeps what it has. */
  read(fileId: number, options?: TransferOptions): Promise<string>;
  /** Deletes the file on the server; one that is not there is no failure. */
  remove(fileId: number, options?: TransferOptions): Promise<void>;
}

const MAX_RESPONSE_LENGTH = 500;

/** A file with its server. */
interface Subject {
  readonly file: FileRow;
  readonly server: ServerRow;
  readonly path: string;
  readonly read: Read;
}

export function createTransfers(tools: FileTools): Transfers {
  const { db, clock, cipher, ssh } = tools;
  const read: Read = (work) => work(db.main);

  async function getFile(fileId: number): Promise<Pick<Subject, "file" | "server">> {
    const file = await readFileRow(db.main, fileId);
    const server = file && (await readServer(db.main, file.server_id));
    if (!file || !server) throw new HooktowerError("not_found", `File ${fileId} is not there any more`);
    return { file, server };
  }

  /** Does something with a file, and keeps in its record how that went. */
  async function attempt<T extends object>(
    fileId: number,
    hidden: string[],
    work: (subject: Subject) => Promise<T>,
    keep: (outcome: T) => Parameters<typeof updateFile>[2],
  ): Promise<T> {
    const { file, server } = await getFile(fileId);
    try {
      const [path = ""] = await renderPaths(tools, [file], server, read);
      const outcome = await work({ file, server, path, read });
      await updateFile(db.main, fileId, { ...keep(outcome), server_response: "ok" });
      return outcome;
    } catch (thrown) {
      const problem = explain(thrown, hidden);
      if (!problem) throw thrown;
      await updateFile(db.main, fileId, { server_response: toOneLine(problem.message) });
      throw problem;
    }
  }

  async function limitsOf({ signal }: TransferOptions): Promise<CallLimits> {
    const timeoutMs = await tools.readTimeout();
    return { ...(timeoutMs !== null && { timeoutMs }), ...(signal && { signal }) };
  }

  async function download({ file, server, path }: Subject, options: TransferOptions) {
    // Four bytes are the most that a character takes.
    const maxBytes = file.file_type === "binary" ? MAX_FILE_BYTES : MAX_TEXT_LENGTH * 4;
    const { target } = openServerAccess(server, cipher);
    const bytes = await ssh.download(target, path, { ...(await limitsOf(options)), maxBytes });
    return toStored(bytes, file.file_type, path, { bytes: MAX_FILE_BYTES, characters: MAX_TEXT_LENGTH });
  }

  const now = () => ({ sync_date_last: clock.now(), write_date: clock.now() });

  return {
    async push(fileId, options = {}) {
      const hidden: string[] = [];
      await attempt(
        fileId,
        hidden,
        async ({ file, server, path }) => {
          const content = await renderContent(tools, file, server, read);
          hidden.push(...content.hidden);
          await ssh.upload(openServerAccess(server, cipher).target, path, content.bytes, await limitsOf(options));
          return {};
        },
        now,
      );
    },
    async pull(fileId, options = {}) {
      await attempt(
        fileId,
        [],
        (subject) => download(subject, options),
        (content) => ({ ...content, ...now() }),
      );
    },
    async read(fileId, options = {}) {
      const content = await attempt(
        fileId,
        [],
        (subject) => download(subject, options),
        () => ({}),
      );
      return "code" in content ? content.code : content.file;
    },
    async remove(fileId, options = {}) {
      await attempt(
        fileId,
        [],
        async ({ server, path }) => {
          try {
            await ssh.deleteFile(openServerAccess(server, cipher).target, path, await limitsOf(options));
          } catch (thrown) {
            if (!(thrown instanceof SshError) || thrown.code !== "not_found") throw thrown;
          }
          return {};
        },
        () => ({ sync_date_last: null, write_date: clock.now() }),
      );
    },
  };
}

/** Whoever asks again later may have more luck with these. */
const PASSING: ReadonlySet<SshError["code"]> = new Set([
  "connect_failed",
  "timeout",
  "aborted",
  "connection_lost",
  "refused",
  "closed",
]);

/** @returns null for a fault of the tower itself */
function explain(thrown: unknown, hidden: readonly string[]): HooktowerError | null {
  const isKnown = thrown instanceof SshError || thrown instanceof RenderError || thrown instanceof FileProblem;
  if (!isKnown) return null;
  const message = createMasker(hidden)(thrown.message);
  if (thrown instanceof SshError && PASSING.has(thrown.code)) return new HooktowerError("unavailable", message);
  return invalid([{ path: "", message }]);
}

function toOneLine(text: string): string {
  return text
    .replaceAll(/[\u0000-\u001f\u007f]+/g, " ")
    .trim()
    .slice(0, MAX_RESPONSE_LENGTH);
}
