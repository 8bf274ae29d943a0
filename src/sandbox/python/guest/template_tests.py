"""What may stand after `is` in a template."""

from template_values import Undefined


def _is_iterable(value):
    try:
        iter(value)
    except TypeError:
        return False
    return True


def _is_sequence(value):
    try:
        len(value)
        value.__getitem__
    except (TypeError, AttributeError):
        return False
    return True


def _in(value, container):
    return value in container


def _is_number(value):
    return isinstance(value, (int, float))


TESTS = {
    "boolean": lambda value: value is True or value is False,
    "callable": callable,
    "defined": lambda value: not isinstance(value, Undefined),
    "divisibleby": lambda value, number: value % number == 0,
    "escaped": lambda value: False,
    "even": lambda value: value % 2 == 0,
    "false": lambda value: value is False,
    "float": lambda value: isinstance(value, float),
    "in": _in,
    "integer": lambda value: isinstance(value, int) and value is not True and value is not False,
    "iterable": _is_iterable,
    "lower": lambda value: str(value).islower(),
    "mapping": lambda value: isinstance(value, dict),
    "none": lambda value: value is None,
    "number": _is_number,
    "odd": lambda value: value % 2 == 1,
    "sameas": lambda value, other: value is other,
    "sequence": _is_sequence,
    "string": lambda value: isinstance(value, str),
    "test": lambda value: value in TESTS,
    "true": lambda value: value is True,
    "undefined": lambda value: isinstance(value, Undefined),
    "upper": lambda value: str(value).isupper(),
}
for _names, _compare in (
    (("eq", "equalto", "=="), lambda value, other: value == other),
    (("ne", "!="), lambda value, other: value != other),
    (("lt", "lessthan", "<"), lambda value, other: value < other),
    (("le", "<="), lambda value, other: value <= other),
    (("gt", "greaterthan", ">"), lambda value, other: value > other),
    (("ge", ">="), lambda value, other: value >= other),
):
    TESTS.update(dict.fromkeys(_names, _compare))

