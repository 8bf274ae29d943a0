"""`_logger`: what a program writes is kept with the log of its run."""

import sys

from host import RUN_NAME, find_run
from modules import wrap_module


def _make_logger():
    def write(level):
        def log(message, *args, **kwargs):
            _keep(find_run(), level, _format(str(message), args) if args else str(message))

        return log

    return wrap_module(
        debug=write("debug"),
        info=write("info"),
        warning=write("warning"),
        error=write("error"),
        exception=write("error"),
        critical=write("critical"),
    )


def _format(text, args):
    """Arguments that do not fit, as in `_logger.info("got", payload)`, end no program in Python's logging either."""
    try:
        return text % (args[0] if len(args) == 1 and isinstance(args[0], dict) and args[0] else args)
    except (TypeError, ValueError, KeyError):
        return " ".join([text, *map(repr, args)])


def _keep(run, level, text):
    if run.log_room <= 0:
        return
    encoded = text.encode("utf-8", "replace")
    # A line takes some room even when it is empty.
    run.log_room -= len(encoded) + 16
    if run.log_room <= 0:
        text = encoded[: max(0, len(encoded) + run.log_room)].decode("utf-8", "ignore") + " … (the rest of the log is cut)"
    run.log.append([level, text])


def _keep_unraisable(unraisable):
    """What code raises while it is given up reaches nobody: it is kept with the log of its run. Python would write it
    to stderr, which becomes part of the tower's own log, where no secrets are masked."""
    error, tb = unraisable.exc_value, unraisable.exc_traceback
    run = None
    while run is None and tb is not None:
        run = tb.tb_frame.f_globals.get(RUN_NAME)
        tb = tb.tb_next
    if run is not None:
        _keep(run, "error", f"Exception ignored: {type(error).__name__}: {error}")


sys.unraisablehook = _keep_unraisable

CONTEXT = {"_logger": _make_logger()}

WAITING_NAMES = frozenset()
