/**
 * From a command's text to the lines that are sent. The rules, odd ones too, are those of Cetmix
 * Tower, since commands were written for them.
 */

/** "n": sudo without a password, "p": with one. */
export type SudoMode = "off" | "n" | "p";

export interface CommandRequest {
  /** Rendered text; secrets are in it already. */
  readonly code: string;
  /** Directory to run in. Shell text like the code, so that `~/app` and `$HOME` work. */
  readonly path?: string | null;
  readonly sudo?: SudoMode;
  /** With sudo, `&&` does not split the text: only what is before the first one is under sudo. */
  readonly noSplit?: boolean;
}

/** `-S`: the password comes on standard input; `-p ''`: no prompt. Used without a password as well. */
const SUDO = "sudo -S -p ''";

/** root needs no sudo; otherwise a run can do without, but cannot choose another mode than the server's. */
export function chooseSudoMode(
  server: { readonly username: string; readonly sudo: SudoMode },
  requested: boolean | null = null,
): SudoMode {
  return server.username === "root" || requested === false ? "off" : server.sudo;
}

/**
 * Lines as the original makes them: one, or several with a sudo password, which is asked for by
 * each sudo on its own.
 */
export function buildCommandLines({ code, path, sudo = "off", noSplit = false }: CommandRequest): string[] {
  if (sudo !== "p") return [joinAfterPath(path, buildParts(code, sudo, noSplit).join(" && "))];
  const parts = buildParts(code, sudo, noSplit);
  return path ? [`cd ${path}`, ...parts] : parts;
}

/**
 * Lines that are really sent. In the original the path has no effect on a command with a sudo
 * password: `cd` is a line of its own, in a shell of its own. Here each line begins with it.
 */
export function buildExecutedLines(request: CommandRequest): string[] {
  const { code, path, sudo = "off", noSplit = false } = request;
  if (sudo !== "p") return buildCommandLines(request);
  return buildParts(code, sudo, noSplit).map((part) => joinAfterPath(path, part));
}

/** One status for several lines: the last that is not 0. */
export function mergeStatuses(statuses: readonly number[]): number {
  return statuses.findLast((status) => status !== 0) ?? 0;
}

function buildParts(code: string, sudo: SudoMode, noSplit: boolean): string[] {
  if (sudo === "off") return [code];
  if (noSplit || !code.includes("&&")) return [`${SUDO} ${code}`];
  // Whoever writes `\` and a line break before `&&` means one line. The original drops both
  // everywhere, also where they mean something; `no_split_for_sudo` is the way to keep them.
  const line = code.replaceAll(/\\|\r?\n/g, "");
  return line.split("&&").map((part) => `${SUDO} ${part.trim()}`);
}

function joinAfterPath(path: string | null | undefined, line: string): string {
  return path ? `cd ${path} && ${line}` : line;
}
