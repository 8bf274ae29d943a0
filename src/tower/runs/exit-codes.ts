/** What commands and flight plans end with when it is not a program's own exit code, as in the original. */
export const EXIT = {
  general: -100,
  notFound: -101,
  commandRunning: -201,
  pythonFailed: -203,
  conditionFalse: -205,
  timedOut: -206,
  commandIncompatible: -207,
  commandStopped: -208,
  planRunning: -301,
  planEmpty: -302,
  planIncompatible: -306,
  planStopped: -308,
  fileFailed: -400,
  /** `server_check_ssh_connection` that found no way in. */
  noConnection: 503,
} as const;
