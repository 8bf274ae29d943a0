"""The modules and functions that every program sees. Nothing here can be changed by a program:
what is shared has no attribute that can be assigned, and no way to the module behind it."""

import _strptime  # noqa: F401  datetime.strptime imports it when it is first used
import datetime
import hashlib
import hmac
import json
import math
import re
import time
import types
import urllib.parse

import host
from errors import UserError
from host import find_run
from time_format import strftime


def wrap_module(**members):
    """An object that has exactly these members, like the original's wrapped modules."""
    namespace = {"__slots__": (), "__repr__": lambda self: "<wrap_module>"}
    for name, member in members.items():
        # A function kept in a class would be bound to the instance.
        namespace[name] = member if isinstance(member, (type, int)) else staticmethod(member)
    return type("wrap_module", (), namespace)()


def pick(module, names):
    return {name: _hide_cache(getattr(module, name)) for name in names.split()}


def _hide_cache(member):
    """A function that remembers its results tells how often it was called and can be made to forget."""
    if not hasattr(member, "cache_info"):
        return member
    return lambda *args, **kwargs: member(*args, **kwargs)


def _lock_defaults():
    """Every class of named tuples has a dict that its tuples lead to. Here, all of them are empty."""
    for kind in ("DefragResult", "ParseResult", "SplitResult", "DefragResultBytes", "ParseResultBytes", "SplitResultBytes"):
        getattr(urllib.parse, kind)._field_defaults = types.MappingProxyType({})


_lock_defaults()


def sleep(seconds):
    if not isinstance(seconds, (int, float)):
        raise TypeError(f"'{type(seconds).__name__}' object cannot be interpreted as an integer")
    if seconds != seconds or seconds < 0:
        raise ValueError("sleep length must be non-negative")
    host.sleep(min(float(seconds), 86_400.0) * 1000)


def compare_digest(a, b):
    """hmac.compare_digest; whatever is compared with a secret of the run counts as secret too."""
    equal = hmac.compare_digest(a, b)
    run = find_run()
    if run.secrets and len(run.compared) < 16:
        left, right = _as_text(a), _as_text(b)
        if left in run.secrets and right not in run.secrets:
            run.compared.append(right[:4096])
        elif right in run.secrets and left not in run.secrets:
            run.compared.append(left[:4096])
    return equal


def _as_text(value):
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")


def float_compare(value1, value2, precision_digits=None, precision_rounding=None):
    """-1, 0 or 1: the values rounded (half away from zero), then compared."""
    if (precision_digits is None) == (precision_rounding is None):
        raise AssertionError("exactly one of precision_digits and precision_rounding must be given")
    unit = 10.0 ** -precision_digits if precision_rounding is None else float(precision_rounding)
    if unit <= 0:
        raise AssertionError("precision_rounding must be positive")
    difference = _round_to(value1, unit) - _round_to(value2, unit)
    if abs(difference) < unit / 2:
        return 0
    return -1 if difference < 0 else 1


def _round_to(value, unit):
    steps = value / unit
    # 1.005 is stored a little below: the nearest neighbour counts as the half.
    epsilon = abs(steps) * 2.0**-50
    return math.copysign(math.floor(abs(steps) + 0.5 + epsilon), steps) * unit


CONTEXT = {
    "time": wrap_module(sleep=sleep, strftime=strftime, **pick(time, "time strptime")),
    "datetime": wrap_module(**pick(datetime, "date datetime time timedelta timezone tzinfo MAXYEAR MINYEAR")),
    "json": wrap_module(dumps=json.dumps),
    "hashlib": wrap_module(
        **pick(
            hashlib,
            "sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 "
            "shake_128 shake_256 blake2b blake2s md5 new",
        )
    ),
    "hmac": wrap_module(new=hmac.new, compare_digest=compare_digest),
    "re": wrap_module(**pick(re, "match fullmatch search sub subn split findall finditer compile escape error")),
    "urllib_parse": wrap_module(
        **pick(
            urllib.parse,
            "quote quote_plus quote_from_bytes unquote unquote_plus unquote_to_bytes urlencode "
            "urlparse urlunparse urlsplit urlunsplit urljoin urldefrag parse_qs parse_qsl",
        )
    ),
    "UserError": UserError,
    "float_compare": float_compare,
}

WAITING_NAMES = {"sleep"}
