"""What the runner calls: load, check, run. Programs are kept compiled, the least used go first.

Frames come in through one buffer and outcomes go out through another, both plain memory that
JavaScript writes and reads itself: handing over a text of 1.2 KB as an object costs about
10 µs, as much as running a small program."""

import copy
import json
import warnings
from collections import OrderedDict

import garbage
from compiler import build_program
from host import RUN_NAME, Cancelled, Run, connect  # noqa: F401  connect is for the runner
from outcomes import ResultTooLarge, describe_error, read_kept, read_kept_of_raised, read_result
from values import WAITING_KINDS, decode_input

_MAX_PROGRAMS = 1000

# What run() answers when it has not put an outcome into the buffer.
MISSING, MUST_WAIT, OVERSIZE, SHUT = -1, -2, -3, -4

# Warnings of the compiler about programs would go to the runner's stderr.
warnings.simplefilter("ignore")

_programs = OrderedDict()
_decode = json.JSONDecoder().decode
_encode = json.JSONEncoder().encode


class _Buffers:
    __slots__ = ("incoming", "outgoing", "oversize", "pending", "following")


_buffers = _Buffers()
_buffers.incoming = _buffers.outgoing = memoryview(bytearray())
_buffers.oversize = ""
_buffers.pending = {}
_buffers.following = {}


def reserve_incoming(size):
    memory = bytearray(size)
    _buffers.incoming = memoryview(memory)
    return memory


def reserve_outgoing(size):
    memory = bytearray(size)
    _buffers.outgoing = memoryview(memory)
    return memory


def _read_head(size):
    return _decode(str(_buffers.incoming[:size], "utf-8"))


def load(size):
    """Compiles the program in the buffer and keeps it under its key."""
    spec = _read_head(size)
    _programs[spec["key"]] = build_program(spec)
    if len(_programs) > _MAX_PROGRAMS:
        _programs.popitem(last=False)
    garbage.collect_many()


def check(size):
    """Compiles the program in the buffer. Returns its problem as JSON."""
    problem = build_program(_read_head(size)).problem
    garbage.collect_many()
    return _encode(problem)


def run(run_id, head_size, blob_size):
    """Runs the program that the buffer names and puts the outcome into the other buffer: returns
    its size, MISSING when the program is not loaded, MUST_WAIT when run_waiting must be called on
    a stack that can be suspended, OVERSIZE when the outcome is to be had from take_oversize."""
    head = _read_head(head_size)
    return _begin(run_id, head, bytes(_buffers.incoming[head_size:head_size + blob_size]))


def run_next(run_id):
    """Runs what came with a run that has ended, or SHUT when that did not open its gate."""
    following = _buffers.following.pop(run_id, None)
    return SHUT if following is None else _begin(run_id, *following)


def drop_next(run_id):
    _buffers.following.pop(run_id, None)


def _begin(run_id, head, blob):
    program = _programs.get(head["key"])
    if program is None:
        return MISSING
    _programs.move_to_end(head["key"])
    if program.may_wait or _has_waiting_input(program, head["inputs"]):
        _buffers.pending[run_id] = (program, head, blob)
        return MUST_WAIT
    text = _execute(run_id, program, head, blob)
    size = len(text)
    if size > len(_buffers.outgoing):
        _buffers.oversize = text
        return OVERSIZE
    _buffers.outgoing[:size] = text.encode("ascii")
    return size


def _has_waiting_input(program, inputs):
    return any(spec[0] in WAITING_KINDS and name in program.names for name, spec in inputs.items())


def take_oversize():
    text, _buffers.oversize = _buffers.oversize, ""
    return text


def run_waiting(run_id):
    """Runs a program that may wait. Returns the outcome as JSON: the buffer may be in use by
    another run by the time that the caller would read it."""
    return _execute(run_id, *_buffers.pending.pop(run_id))


def _execute(run_id, program, head, blob):
    objects = garbage.count_objects()
    text, opened = _tell(run_id, program, head, blob)
    garbage.collect_left(objects)
    if opened:
        following = head["next"]
        _buffers.following[following["id"]] = (following["run"], blob)
    return text


def _tell(run_id, program, head, blob):
    """Runs a program. Returns the outcome as JSON, and whether it opened its gate for the run that came with it."""
    if "next" in head:
        _share_inputs(program, head["inputs"], head["next"]["run"]["inputs"])
    run = Run(run_id, frozenset(head["secrets"]), head["logBytes"])
    try:
        outcome = _run_code(program, head, blob, run)
    except KeyboardInterrupt:
        outcome = _limit("cpu", "the code computed for longer than it may")
    except Cancelled:
        outcome = _limit("wall", "the code took longer than it may")
    except MemoryError:
        outcome = _limit("memory", "the code needed more memory than it may have")
    except ResultTooLarge:
        outcome = _limit("result", f"the result is larger than {head['resultBytes']} bytes")
    except BaseException as error:
        outcome = describe_error(program, error)
    # What generators do when they are given up is done now, on this run's time, and not in the middle of another run.
    # Not before: until here the error kept its frames, and they what is in them.
    if program.leaves_generators:
        garbage.collect_all()
    outcome["log"] = run.log
    outcome["compared"] = run.compared
    opened = "next" in head and outcome["status"] == "completed" and outcome["result"][head["next"]["gate"]] is True
    return _encode(outcome), opened


def _share_inputs(program, inputs, next_inputs):
    """Before the first program can change what the next one gets, too. What it does not name it cannot change, and the other
    kinds are made anew for each."""
    for name, spec in next_inputs.items():
        if spec[0] == "same":
            given = inputs[name]
            is_in_reach = name in program.names and given[0] in ("json", "record")
            next_inputs[name] = copy.deepcopy(given) if is_in_reach else given


def _run_code(program, head, blob, run):
    if program.problem is not None:
        return {"status": "refused", **program.problem}
    # What the code does not name, it cannot see: parsing a payload for an authenticator that
    # checks a signature would be a third of its time.
    inputs = {name: decode_input(spec, blob, run) for name, spec in head["inputs"].items() if name in program.names}
    kept = {name: inputs[name] for name in program.keeps if name in inputs}
    namespace = program.make_globals(inputs)
    namespace[RUN_NAME] = run
    namespace.update(zip(program.secrets, head["secrets"]))
    max_bytes = head["resultBytes"]
    try:
        exec(program.code, namespace)
        outcome = {"status": "completed", "result": read_result(program, namespace, max_bytes)}
        return {**outcome, "kept": read_kept(kept, max_bytes)} if kept else outcome
    except Exception as error:
        if not kept or isinstance(error, (MemoryError, ResultTooLarge)):
            raise
        return {**describe_error(program, error), "kept": read_kept_of_raised(kept, max_bytes)}
    finally:
        run.over = True
        # A function holds its globals and they hold it: what else they hold would wait for the garbage collector.
        namespace.clear()
        # What is left behind must not be taken for another run.
        namespace[RUN_NAME] = run


def _limit(limit, message):
    return {"status": "limit", "limit": limit, "message": message}


garbage.leave_to_us()
