"""The filters of templates: Jinja's, without those that are for HTML pages (`urlize`, `xmlattr`) or chance
(`random`), and `quote` for shells. Where Jinja gives something lazy, a list is given here."""

import itertools
import json
import math

from template_tests import TESTS
from template_text_filters import (
    capitalize,
    escape,
    format_text,
    indent,
    quote,
    replace,
    strip_tags,
    title,
    trim,
    truncate,
    url_encode,
    word_count,
    word_wrap,
)
from template_values import Undefined, find_attribute, find_item


def _fold(value):
    """For comparisons that do not mind the case."""
    return value.lower() if isinstance(value, str) else value


def _fold_unless(case_sensitive):
    return (lambda value: value) if case_sensitive else _fold


def _find_path(value, path, default=None):
    """`a.b.0` from item to item."""
    parts = path.split(".") if isinstance(path, str) else [path]
    for part in parts:
        value = find_item(value, int(part) if isinstance(part, str) and part.isdigit() else part)
        if default is not None and isinstance(value, Undefined):
            value = default
    return value


def _sort_key(attribute, case_sensitive):
    fold = _fold_unless(case_sensitive)
    if attribute is None:
        return fold
    paths = attribute.split(",") if isinstance(attribute, str) else [attribute]
    if len(paths) == 1:
        return lambda value: fold(_find_path(value, paths[0]))
    return lambda value: [fold(_find_path(value, path)) for path in paths]


# Values


def default(value, default_value="", boolean=False):
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


def to_int(value, default=0, base=10):
    try:
        if isinstance(value, str):
            return int(value, base)
        return int(value)
    except (TypeError, ValueError):
        try:
            return int(float(value))
        except (TypeError, ValueError, OverflowError):
            return default


def to_float(value, default=0.0):
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def round_number(value, precision=0, method="common"):
    if method not in ("common", "ceil", "floor"):
        raise ValueError("method must be common, ceil or floor")
    if method == "common":
        return round(value, precision)
    unit = 10**precision
    return getattr(math, method)(value * unit) / unit


def to_json(value, indent=None):
    """JSON that may stand in HTML too, with sorted keys, as Jinja's."""
    text = json.dumps(value, sort_keys=True, indent=indent)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("'", "\\u0027")


def file_size(value, binary=False):
    size = float(value)
    base = 1024 if binary else 1000
    units = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB") if binary else ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
    if size == 1:
        return "1 Byte"
    if size < base:
        return f"{int(size)} Bytes"
    power = 1
    while power < len(units) and size >= base ** (power + 1):
        power += 1
    return f"{size / base**power:.1f} {units[power - 1]}"


# Lists


def attribute(value, name):
    """An attribute alone, where `value.name` would look for an item too."""
    if isinstance(value, dict) and not hasattr(dict, str(name)):
        return Undefined(f"'dict object' has no attribute {name!r}")
    return find_attribute(value, str(name))


def join(values, d="", attribute=None):
    if attribute is not None:
        values = (_find_path(value, attribute) for value in values)
    return str(d).join(map(str, values))


def first(values):
    return next(iter(values), Undefined("No first item, sequence was empty."))


def last(values):
    return next(iter(reversed(values)), Undefined("No last item, sequence was empty."))


def reverse(values):
    return values[::-1] if isinstance(values, str) else list(reversed(list(values)))


def sort(values, reverse=False, case_sensitive=False, attribute=None):
    return sorted(values, key=_sort_key(attribute, case_sensitive), reverse=reverse)


def dict_sort(value, case_sensitive=False, by="key", reverse=False):
    if by not in ("key", "value"):
        raise ValueError('You can only sort by either "key" or "value"')
    fold = _fold_unless(case_sensitive)
    return sorted(value.items(), key=lambda pair: fold(pair[by == "value"]), reverse=reverse)


def unique(values, case_sensitive=False, attribute=None):
    key = _sort_key(attribute, case_sensitive)
    found = {}
    for value in values:
        found.setdefault(key(value), value)
    return list(found.values())


def smallest(values, case_sensitive=False, attribute=None):
    return min(values, key=_sort_key(attribute, case_sensitive), default=Undefined("No aggregated item, sequence was empty."))


def largest(values, case_sensitive=False, attribute=None):
    return max(values, key=_sort_key(attribute, case_sensitive), default=Undefined("No aggregated item, sequence was empty."))


def sum_up(values, attribute=None, start=0):
    return sum(values if attribute is None else (_find_path(value, attribute) for value in values), start)


def items(value):
    return [] if isinstance(value, Undefined) else list(value.items())


def batch(values, linecount, fill_with=None):
    rest = list(values)
    rows = [rest[start:start + linecount] for start in range(0, len(rest), linecount)]
    if rows and fill_with is not None:
        rows[-1] += [fill_with] * (linecount - len(rows[-1]))
    return rows


def cut_in(values, slices, fill_with=None):
    everything = list(values)
    size, longer = divmod(len(everything), slices)
    columns = []
    start = 0
    for number in range(slices):
        end = start + size + (number < longer)
        column = everything[start:end]
        if fill_with is not None and number >= longer:
            column.append(fill_with)
        columns.append(column)
        start = end
    return columns


def group_by(values, attribute, default=None, case_sensitive=False):
    fold = _fold_unless(case_sensitive)

    def key(value):
        return fold(_find_path(value, attribute, default))

    groups = []
    for _, group in itertools.groupby(sorted(values, key=key), key):
        members = list(group)
        groups.append((_find_path(members[0], attribute, default) if case_sensitive is False else key(members[0]), members))
    return groups


def apply_to_all(values, name=None, *args, attribute=None, default=None, **kwargs):
    if name is None:
        if attribute is None:
            raise TypeError("map requires a filter argument")
        return [_find_path(value, attribute, default) for value in values]
    function = _find(FILTERS, "filter", name)
    return [function(value, *args, **kwargs) for value in values]


def _find(table, kind, name):
    if name not in table:
        raise TypeError(f"no {kind} named {name!r}")
    return table[name]


def _choose(values, wanted, read, test, args):
    function = bool if test is None else _find(TESTS, "test", test)
    return [value for value in values if bool(function(read(value), *args)) is wanted]


def select(values, test=None, *args):
    return _choose(values, True, lambda value: value, test, args)


def reject(values, test=None, *args):
    return _choose(values, False, lambda value: value, test, args)


def select_attribute(values, attribute, test=None, *args):
    return _choose(values, True, lambda value: _find_path(value, attribute), test, args)


def reject_attribute(values, attribute, test=None, *args):
    return _choose(values, False, lambda value: _find_path(value, attribute), test, args)


FILTERS = {
    "abs": abs,
    "attr": attribute,
    "batch": batch,
    "capitalize": capitalize,
    "center": lambda value, width=80: str(value).center(width),
    "count": len,
    "d": default,
    "default": default,
    "dictsort": dict_sort,
    "e": escape,
    "escape": escape,
    "filesizeformat": file_size,
    "first": first,
    "float": to_float,
    "forceescape": escape,
    "format": format_text,
    "groupby": group_by,
    "indent": indent,
    "int": to_int,
    "items": items,
    "join": join,
    "last": last,
    "length": len,
    "list": list,
    "lower": lambda value: str(value).lower(),
    "map": apply_to_all,
    "max": largest,
    "min": smallest,
    "quote": quote,
    "reject": reject,
    "rejectattr": reject_attribute,
    "replace": replace,
    "reverse": reverse,
    "round": round_number,
    "safe": lambda value: value,
    "select": select,
    "selectattr": select_attribute,
    "slice": cut_in,
    "sort": sort,
    "string": str,
    "striptags": strip_tags,
    "sum": sum_up,
    "title": title,
    "tojson": to_json,
    "trim": trim,
    "truncate": truncate,
    "unique": unique,
    "upper": lambda value: str(value).upper(),
    "urlencode": url_encode,
    "wordcount": word_count,
    "wordwrap": word_wrap,
}
TESTS["filter"] = FILTERS.__contains__
