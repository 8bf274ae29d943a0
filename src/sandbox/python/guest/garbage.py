"""When Python looks for garbage: objects that hold one another and are held by nothing else.

Not of its own accord: from 3.14 on it then walks the frames of all threads. A suspended run is a thread of its own
to Pyodide, and part of its frames lies on a stack that the runs that go on have meanwhile written over: the
interpreter ends, or goes on with what it took for objects (pyodide's issue 6464, in 314.0.7). A collection that is
asked for goes by references alone. It need not wait until the objects are many, either: they may be few and large,
and then it is the next runs that have no room."""

import gc
import time

# A run that goes on from a wait may have left as many since it began; each compilation leaves three.
_MANY = 10_000


class _State:
    """`took`: seconds that it took the last time; `next_at`: when it may be done again."""

    __slots__ = ("took", "next_at", "under_way")


_state = _State()
_state.took = _state.next_at = 0.0
_state.under_way = False


def leave_to_us():
    """Called once, before the memory is snapshotted. What is there by now stays: to look through it takes 6 ms each time."""
    gc.collect()
    gc.freeze()
    gc.disable()


def is_collecting():
    """Whether the code that asks is carried out by a collection: the end of a generator that was left behind."""
    return _state.under_way


def count_objects():
    return gc.get_count()[0]


def collect_left(before):
    """For a run that has ended: there are as many objects as before, unless it left some."""
    if gc.get_count()[0] != before:
        _collect_in_time()


def collect_many():
    if gc.get_count()[0] > _MANY:
        _collect_in_time()


def collect_all():
    """Until nothing is left: what the `finally` of one generator does may leave another behind. Whoever goes on with that
    loses the runner, like any that does not end."""
    while True:
        try:
            while _collect():
                pass
            return
        except KeyboardInterrupt:
            continue


def _collect_in_time():
    """While other runs wait the number of objects says little, and to look takes longer the more they hold: no more than a
    twentieth of the time goes into it."""
    began = time.perf_counter()
    if began < _state.next_at:
        return
    _collect()
    took = time.perf_counter() - began
    # One that took long by chance, on a busy machine, does not count.
    _state.next_at = began + 20 * min(took, _state.took)
    _state.took = took


def _collect():
    """Returns how many objects were garbage."""
    _state.under_way = True
    try:
        return gc.collect()
    finally:
        _state.under_way = False
