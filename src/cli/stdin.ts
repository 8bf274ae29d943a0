import { CliError } from "./cli-error.ts";

/** Everything that comes through standard input. */
export async function readStdin(limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limitBytes) throw new CliError(`standard input has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A line typed on the terminal, not shown. Ctrl-C gives up. */
export async function readHidden(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  process.stdin.setRawMode(true);
  try {
    return await readRawLine();
  } finally {
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stderr.write("\n");
  }
}

async function readRawLine(): Promise<string> {
  const decoder = new TextDecoder();
  let line = "";
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    for (const character of decoder.decode(chunk, { stream: true })) {
      if (character === "\r" || character === "\n") return line;
      if (character === "\u0003") throw new CliError("given up", 130);
      if (character === "\u0004") return line;
      if (character === "\u007f" || character === "\b") line = [...line].slice(0, -1).join("");
      else line += character;
    }
  }
  return line;
}
