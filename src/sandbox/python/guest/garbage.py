"""When cyclic garbage is collected: between the code of runs, never in the middle of it.

CPython's own collections come with any allocation, and walk the frames of every thread (from 3.14 on). A
suspended run is a thread of its own to Pyodide, and part of its frames lies on a stack that the runs that go on
have meanwhile written over: with 1,000 runs waiting, an interpreter ended every few thousand runs ("memory access
out of bounds", Pyodide 314.0.7). A collection that is asked for goes by references alone."""

import gc

# Objects that were made and not dropped since the last collection: fewer are not worth one. 10,000 take 4 ms.
_FEWEST = 10_000
# Some 25 MB.
_MOST = 250_000


class _State:
    __slots__ = ("under_way", "due")


_state = _State()
_state.under_way = False
_state.due = _FEWEST


def settle():
    """Called once, before the memory is snapshotted: what is there by now stays for good and is never looked at again."""
    gc.disable()
    gc.collect()
    gc.freeze()


def is_collecting():
    """Whether the code that asks is carried out by a collection: the end of a generator that was left behind."""
    return _state.under_way


def collect_if_due():
    if gc.get_count()[0] > _state.due:
        collect()


def collect():
    """The time it takes grows with what runs hold at the moment, so the more that is, the later comes the next."""
    _state.under_way = True
    try:
        gc.collect()
    finally:
        _state.under_way = False
    _state.due = min(max(_FEWEST, len(gc.get_objects())), _MOST)
