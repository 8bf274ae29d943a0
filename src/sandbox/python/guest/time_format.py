"""strftime as snippets know it from servers with glibc. The C library of the interpreter knows fewer
directives, and with one that it does not know the whole text is empty: a lone `%` is enough."""

import re
import time

_platform_strftime = time.strftime

_DIRECTIVE = re.compile(r"%([-_0^#]*)([0-9]*[EO]?)(.?)", re.DOTALL)
_LETTERS = "aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYz%"
_KNOWN = frozenset(_LETTERS)
# Nearly all formats are like this: to look first saves 12 µs of 21.
_PLAIN = re.compile(rf"(?:[^%]++|%[-_0]?[{_LETTERS}])*+")
# Hours that are filled up with a space, and am or pm in small letters.
_ADDED = {"k": "H", "l": "I", "P": "p"}


def strftime(format, *moment):
    """time.strftime; what is no directive stays as it is."""
    if isinstance(format, str) and not _PLAIN.fullmatch(format):
        format = _DIRECTIVE.sub(lambda match: _to_known(match, moment), format)
    return _platform_strftime(format, *moment)


def _to_known(match, moment):
    """What the platform is given instead of a directive: itself, or the text that it stands for."""
    flags, width, letter = match.groups()
    # Of several the last one counts.
    padding = flags.replace("^", "").replace("#", "")[-1:]
    if letter in _KNOWN and padding == flags:
        return match[0]
    if letter in _KNOWN or letter == "Z":
        text = _platform_strftime(f"%{padding}{width}{letter}", *moment)
    elif letter in _ADDED:
        text = _platform_strftime(f"%{padding or '_'}{_ADDED[letter]}", *moment)
    else:
        return "%" + match[0]
    if letter == "Z":
        # Local time is UTC, which this C library has another name for.
        text = text.replace("UTC-0000", "UTC")
    if letter == "P" or ("#" in flags and letter in "pZ"):
        text = text.lower()
    elif "^" in flags or "#" in flags:
        text = text.upper()
    return text.replace("%", "%%")


# The methods of date, time and datetime look it up here.
time.strftime = strftime
