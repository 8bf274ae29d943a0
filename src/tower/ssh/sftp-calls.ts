import type { Attributes, InputAttributes, SFTPWrapper } from "ssh2";

/** Answers of the SFTP protocol that are told apart. */
export const STATUS = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

/** ssh2's SFTP with promises, and only what is used of it. Rejects with ssh2's errors: see `isStatus`. */
export interface RemoteFiles {
  /** @param mode of a file that is made by it */
  open(path: string, flags: "r" | "w" | "wx", mode?: number): Promise<Buffer>;
  /** At most `length` bytes; none at the end of the file. */
  read(handle: Buffer, position: number, length: number): Promise<Buffer>;
  write(handle: Buffer, position: number, bytes: Buffer): Promise<void>;
  close(handle: Buffer): Promise<void>;
  setAttributes(handle: Buffer, attributes: InputAttributes): Promise<void>;
  getAttributes(path: string): Promise<Attributes>;
  /** @returns null when there is nothing */
  findAttributes(path: string): Promise<Attributes | null>;
  realPath(path: string): Promise<string>;
  unlink(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Puts a file in the place of another one, in one step where the server can do that. */
  replace(source: string, destination: string): Promise<void>;
}

type Done<T> = (error: Error | null | undefined, result: T) => void;

export function createRemoteFiles(sftp: SFTPWrapper): RemoteFiles {
  const getAttributes = (path: string) => call<Attributes>((done) => sftp.stat(path, done));
  const unlink = (path: string) => callForNothing((done) => sftp.unlink(path, done));

  return {
    open: (path, flags, mode) =>
      call<Buffer>((done) =>
        mode === undefined ? sftp.open(path, flags, done) : sftp.open(path, flags, { mode }, done),
      ),
    async read(handle, position, length) {
      const buffer = Buffer.allocUnsafe(length);
      try {
        const count = await call<number>((done) =>
          sftp.read(handle, buffer, 0, length, position, (error, bytesRead) => done(error, bytesRead)),
        );
        return buffer.subarray(0, count);
      } catch (error) {
        if (isStatus(error, STATUS.endOfFile)) return buffer.subarray(0, 0);
        throw error;
      }
    },
    write: (handle, position, bytes) =>
      callForNothing((done) => sftp.write(handle, bytes, 0, bytes.length, position, done)),
    close: (handle) => callForNothing((done) => sftp.close(handle, done)),
    setAttributes: (handle, attributes) => callForNothing((done) => sftp.fsetstat(handle, attributes, done)),
    getAttributes,
    async findAttributes(path) {
      try {
        return await getAttributes(path);
      } catch (error) {
        if (isStatus(error, STATUS.noSuchFile)) return null;
        throw error;
      }
    },
    realPath: (path) => call<string>((done) => sftp.realpath(path, done)),
    unlink,
    makeDirectory: (path) => callForNothing((done) => sftp.mkdir(path, done)),
    async replace(source, destination) {
      try {
        await callForNothing((done) => sftp.ext_openssh_rename(source, destination, done));
      } catch (error) {
        if (error instanceof Error && "code" in error && !isStatus(error, STATUS.unsupported)) throw error;
        // Without the extension a file cannot be renamed onto another one. For a moment there is none.
        await unlink(destination).catch(() => undefined);
        await callForNothing((done) => sftp.rename(source, destination, done));
      }
    },
  };
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && "code" in error && error.code === status;
}

export function typeOf({ mode }: Attributes): "file" | "directory" | "other" {
  switch (mode & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "directory";
    default:
      return "other";
  }
}

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)));
  });
}

function callForNothing(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
