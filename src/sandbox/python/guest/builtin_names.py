"""The builtins that programs see: those of the original, and exception classes (there, `except
ValueError` was itself a NameError)."""

import builtins
import functools
import sys

_FUNCTIONS = (
    "abs all any bool bytes chr dict divmod enumerate filter float int isinstance len list map max "
    "min ord range repr reversed round set sorted str sum tuple zip"
)
_EXCEPTIONS = (
    "Exception ArithmeticError AssertionError AttributeError EOFError IndexError KeyError LookupError "
    "MemoryError NameError NotImplementedError OSError OverflowError RecursionError RuntimeError "
    "StopIteration TimeoutError TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError "
    "ZeroDivisionError ConnectionError"
)


# What C code imports on behalf of a program: datetime.strptime needs the first, say.
_IMPORTABLE = frozenset("_strptime time datetime math locale calendar re warnings encodings unicodedata zoneinfo".split())


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    """Programs cannot name it. It gives only what is loaded already."""
    if level == 0 and name in _IMPORTABLE and name in sys.modules:
        return sys.modules[name]
    raise ImportError(f"module {name!r} cannot be imported")


BUILTINS = {name: getattr(builtins, name) for name in (_FUNCTIONS + " " + _EXCEPTIONS).split()}
BUILTINS.update(
    {
        "True": True,
        "False": False,
        "None": None,
        "unicode": str,
        "xrange": range,
        "reduce": functools.reduce,
        "__import__": _import,
    }
)
