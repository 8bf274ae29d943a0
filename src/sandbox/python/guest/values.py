"""The values that a host gives to a program, rebuilt inside."""

import functools
import json

from host import call_host
from records_env import Environment, HostObject, browse


class Headers(dict):
    """HTTP headers: iterates Title-Case names, looks them up whatever the case."""

    __slots__ = ()

    def __getitem__(self, name):
        return dict.__getitem__(self, _title(name))

    def __setitem__(self, name, value):
        dict.__setitem__(self, _title(name), value)

    def __delitem__(self, name):
        dict.__delitem__(self, _title(name))

    def __contains__(self, name):
        return dict.__contains__(self, _title(name))

    def get(self, name, default=None):
        return dict.get(self, _title(name), default)

    def pop(self, name, *default):
        return dict.pop(self, _title(name), *default)

    def setdefault(self, name, default=None):
        return dict.setdefault(self, _title(name), default)

    def copy(self):
        return Headers(self)

    def update(self, *args, **kwargs):
        for name, value in dict(*args, **kwargs).items():
            self[name] = value


def _title(name):
    # The cache is worth 7 µs a run; long names stay out, so that strangers cannot fill it.
    if isinstance(name, str):
        return _title_short(name) if len(name) <= 64 else _capitalize_parts(name)
    return name


def _capitalize_parts(name):
    return "-".join(part.capitalize() for part in name.split("-"))


_title_short = functools.lru_cache(maxsize=2048)(_capitalize_parts)


class RawData(bytes):
    """The exact body. Documentation of the original calls it a string, its code gives bytes:
    snippets written for either work."""

    __slots__ = ()

    def encode(self, encoding="utf-8", errors="strict"):
        return self


class Record:
    """A read-only record: its fields are its attributes. (Its own two have names that no program
    may write. A class made for each record would cost 15 µs a run.)"""

    __slots__ = ("__model", "__fields")

    def __init__(self, model, fields):
        self.__model = model
        self.__fields = fields

    def __getattr__(self, name):
        try:
            return self.__fields[name]
        except KeyError:
            raise AttributeError(f"{self.__model!r} object has no attribute {name!r}") from None

    def __repr__(self):
        return f"{self.__model}({self.__fields['id']},)" if "id" in self.__fields else f"{self.__model}()"


def parse_json_body(body):
    """JSON from a stranger; what cannot be read is an empty dict, as in the original."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return {}


def make_host_function(call):
    """A callable that takes JSON values by position and gives what the host answers."""

    def host_function(*args):
        return call_host(call, list(args))

    return host_function


# Kinds of inputs through which a program may wait: such programs run on a stack that can be
# suspended, which costs some microseconds more.
WAITING_KINDS = frozenset({"hostFunction", "environment", "recordSet", "hostObject"})


def decode_input(spec, blob, run):
    """`spec` is a list: the kind, then what that kind needs. Bytes are slices of the blob. All record
    sets of one run have one environment: what one has read, the others know."""
    match spec:
        case ["json", value]:
            return value
        case ["headers", names, values]:
            return Headers(zip(map(_title, names), values))
        case ["bytes", start, end]:
            return RawData(blob[start:end])
        case ["jsonBody", start, end, empty_for_falsy]:
            value = parse_json_body(blob[start:end])
            return (value or {}) if empty_for_falsy else value
        case ["record", model, fields]:
            return Record(model, fields)
        case ["hostFunction", call]:
            return make_host_function(call)
        case ["environment", uid, model, fields]:
            return _environment(run, uid, model, fields)
        case ["recordSet", uid, model, fields, name, ids]:
            return browse(_environment(run, uid, model, fields), name, ids)
        case ["hostObject", uid, model, fields, call, methods]:
            return HostObject(_environment(run, uid, model, fields), call, methods)
    raise ValueError(f"unknown kind of input {spec[0]!r}")


def _environment(run, uid, model, fields):
    if run.environment is None:
        run.environment = Environment(uid, Record(model, fields))
    return run.environment
