/** A line for people or programs. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A line about what happens, apart from the result; never more than one line of the result's stream. */
export function warn(line: string): void {
  process.stderr.write(`hooktower: ${line}\n`);
}

/** `hooktower logs | head` closes the pipe when it has seen enough: that is no failure. */
export function endQuietlyOnClosedPipe(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

/** Text of strangers on a terminal: no control character may move its cursor or change its title. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ");
}
