"""Values that only templates have, and the ways from one value to another: attributes, items, texts."""

from formatting import bind_format
from rules import is_forbidden_name


class UndefinedError(Exception):
    """Something was asked of a value that is not there."""


class Undefined:
    """What a name stands for that nobody gave a value: prints nothing, is false and empty, refuses the rest."""

    __slots__ = ("_problem",)

    def __init__(self, problem):
        self._problem = problem

    def __str__(self):
        return ""

    def __repr__(self):
        return "Undefined"

    def __bool__(self):
        return False

    def __len__(self):
        return 0

    def __iter__(self):
        return iter(())

    def __eq__(self, other):
        return isinstance(other, Undefined)

    def __hash__(self):
        return id(Undefined)


def _refuse(self, *args, **kwargs):
    raise UndefinedError(self._problem)


for _name in (
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow neg pos lt le gt ge call getitem int float"
).split():
    setattr(Undefined, f"__{_name}__", _refuse)


def name_type(value):
    return "None" if value is None else f"{type(value).__name__} object"


def find_attribute(value, name):
    """`value.name`: an attribute or, where there is none, an item."""
    if isinstance(value, Undefined):
        _refuse(value)
    if is_forbidden_name(name):
        raise NameError(f"Access to forbidden name {name!r}")
    if name in ("format", "format_map"):
        try:
            return bind_format(value, name)
        except AttributeError:
            pass
    else:
        try:
            return getattr(value, name)
        except AttributeError:
            pass
    try:
        return value[name]
    except (TypeError, LookupError, AttributeError):
        return Undefined(f"{name_type(value)!r} has no attribute {name!r}")


def find_item(value, key):
    """`value[key]`: an item or, where there is none, an attribute."""
    if isinstance(value, Undefined):
        _refuse(value)
    try:
        return value[key]
    except (TypeError, LookupError, AttributeError):
        if isinstance(key, str):
            return find_attribute(value, key)
        return Undefined(f"{name_type(value)} has no element {key!r}")


def to_text(value):
    return value if type(value) is str else str(value)


def concatenate(*values):
    return "".join(map(to_text, values))
