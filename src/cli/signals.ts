/** Aborts at the first Ctrl-C; the second one ends the process, as if nobody listened. */
export function abortOnSignal(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => abort.abort());
  return abort.signal;
}
