"""The way from Python to the host: which run is asking, and how it waits for the answer.

Runs share the interpreter: one goes on while others wait. Who asks is read from the globals of the
code that asks, never from "the run that goes on now": the `finally` of a generator that one run
left behind may be carried out by the garbage collector in the middle of another, and would then
speak with the other's rights. Programs never see this module; the modules that they do see
(`modules.py` and what is added beside it) call `call_host`."""

import json
import sys

from pyodide.ffi import JsException, run_sync

from errors import HostError, make_error
from garbage import collect_many, is_collecting

# The host takes a larger frame for a breach of the protocol.
_MAX_ARGS = 6 * 1024 * 1024

# The global that holds the Run. No program can write this name: it is no identifier.
RUN_NAME = "<run>"


class Run:
    """`secrets`: the values the program names. `log_room`: bytes of log that are left."""

    __slots__ = ("id", "secrets", "compared", "log", "log_room", "waits", "over", "environment")

    def __init__(self, run_id, secrets, log_room):
        self.id = run_id
        self.secrets = secrets
        self.compared = []
        self.log = []
        self.log_room = log_room
        self.waits = False
        self.over = False
        # Made when an input needs one.
        self.environment = None


class Cancelled(BaseException):
    """The host has given the run up. Not an Exception: `except Exception` must not hold it back."""


class _Bridge:
    """The JavaScript side: one object per process, so it is no part of the snapshot."""

    __slots__ = ("object",)


_bridge = _Bridge()


def connect(bridge):
    """Called once per process, after the snapshot is restored."""
    _bridge.object = bridge
    # Nothing needs them any more, and nothing should come across them.
    for name in [name for name in sys.modules if name.partition(".")[0] in ("js", "pyodide_js", "pyodide", "_pyodide")]:
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if "pyodide" not in type(finder).__module__]


def find_run():
    """The run whose code called the module that calls this."""
    frame = sys._getframe(1)
    while frame is not None:
        run = frame.f_globals.get(RUN_NAME)
        if run is not None:
            return run
        frame = frame.f_back
    raise HostError("no run is asking")


def call_host(name, args):
    """Asks the host for `name` with `args` (JSON values) and waits for its JSON answer.
    Raises what the host answers as an error, TypeError or ValueError for what is not JSON."""
    run = find_run()
    text = json.dumps(args, allow_nan=False)
    if len(text) > _MAX_ARGS:
        raise ValueError(f"{name}: the arguments are larger than {_MAX_ARGS} bytes")
    answer = json.loads(_wait_for(run, lambda: _bridge.object.call(run.id, name, text)))
    if "error" in answer:
        raise make_error(answer["error"]["type"], answer["error"]["message"])
    return answer["value"]


def sleep(milliseconds):
    run = find_run()
    _wait_for(run, lambda: _bridge.object.sleep(run.id, milliseconds))


def _wait_for(run, begin):
    """Suspends the run until the promise that `begin` gives is settled; other runs go on."""
    if run.over or run.waits or is_collecting():
        # Only code that a run left behind gets here. A collection that is suspended would meet the next.
        raise HostError("the run is not there to wait")
    try:
        text = _suspend(run, begin)
    except JsException:
        # It is the error of JavaScript itself, which leads to all of JavaScript: no program may get hold of it.
        raise HostError("the host cannot be asked") from None
    collect_many()
    if text == "cancelled":
        raise Cancelled()
    if text == "too deep":
        raise RecursionError("too many calls in each other for code that is to wait")
    return text


def _suspend(run, begin):
    run.waits = True
    try:
        return run_sync(begin())
    finally:
        run.waits = False
        _bridge.object.resumed(run.id)
