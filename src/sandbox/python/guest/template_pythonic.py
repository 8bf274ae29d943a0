"""Printing values into Python source so that none can change the code around it. A value becomes a literal; where
the template has it inside a string already, it becomes a part of that string. `python_reader.py` says where it stands.

In the original every value but None, True and False is put between double quotes as it is: a quote in a value ends
the literal, a backslash means something else, and a value inside a string ends that string.

Rejected: escaping alone, which is not enough. `"{{ x }}"` with the value `in` would become `""in""`, which is true."""

import re

from python_reader import PythonReader
from template_values import Undefined, to_text

# Beside quotes and what has a meaning in strings: braces for f-strings, and `#`, so that no value looks like a
# placeholder of a secret.
_UNSAFE = frozenset("\\'\"{}#")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What may stand in the part of an f-string that says how to format.
_PLAIN_SPEC = re.compile(r"[A-Za-z0-9 ,._<>^=+%-]*")
# What would go on with a value, or a value with it: names, numbers, strings. A brace of an f-string is doubled by another.
_SPACE_BEFORE = re.compile(r"[\w.'\"{]\Z")
_SPACE_AFTER = re.compile(r"[\w.'\"]")


class PythonicOut:
    """Source is read only when a value comes: quotes that stand side by side are one token or two."""

    __slots__ = ("_parts", "_unread", "_reader", "_after_value")

    def __init__(self):
        self._parts = []
        self._unread = []
        self._reader = PythonReader()
        self._after_value = False

    def text(self, text):
        self._unread.append(text)

    def value(self, value):
        self._read()
        string = self._reader.string
        if string is not None:
            part = _encode_in(string, value, self._reader)
            self._parts.append(part)
            self._reader.last = part[-1:] or self._reader.last
            return
        literal = to_literal(value)
        if literal[0] in "([" and self._reader.ends_with_operand:
            raise ValueError("the value would be the argument of what stands before it, or its subscript")
        # In a comment the space does no harm.
        apart = self._after_value or _SPACE_BEFORE.search(self._reader.last)
        self._parts.append(f" {literal}" if apart else literal)
        self._reader.put_literal(literal)
        self._after_value = True

    def finish(self):
        self._read()
        return "".join(self._parts)

    def _read(self):
        text = "".join(self._unread)
        self._unread.clear()
        if not text:
            return
        if self._after_value:
            self._after_value = False
            if _SPACE_AFTER.match(text):
                text = " " + text
        self._parts.append(text)
        self._reader.read(text)


def to_literal(value):
    """Python source of the value. What is no JSON (a macro, say) is the text that it prints as."""
    if value is None or isinstance(value, Undefined):
        return "None"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(int(value)) if value >= 0 else f"({int(value)})"
    if isinstance(value, float):
        return _float_literal(float(value))
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(to_literal, value))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_literal(key)}: {to_literal(item)}" for key, item in value.items()) + "}"
    return f'"{_escape(to_text(value))}"'


def _float_literal(value):
    text = repr(value)
    if text in ("inf", "-inf", "nan"):
        return f'float("{text}")'
    return f"({text})" if text.startswith("-") else text


def _escape(text):
    if text.isascii() and text.isprintable() and _UNSAFE.isdisjoint(text):
        return text
    return "".join(map(_escape_character, text))


def _escape_character(character):
    if character not in _UNSAFE and character.isprintable():
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _encode_in(string, value, reader):
    """The value as a part of a string that the source has opened. Raises ValueError where that cannot be."""
    before = reader.last
    text = "None" if isinstance(value, Undefined) else to_text(value)
    if reader.in_escape:
        raise ValueError("a value cannot follow a backslash in a string")
    if string.is_spec:
        if not _PLAIN_SPEC.fullmatch(text):
            raise ValueError("the value cannot stand where an f-string says how to format")
        return text
    if string.is_raw:
        if not text.isascii() or not text.isprintable() or not _UNSAFE.isdisjoint(text) or (not text and before in "'\""):
            raise ValueError("the value cannot stand in a raw string, where nothing can be escaped")
        return text
    if not text:
        # Nothing between two quotes would make them one token: an escaped line break is nothing, too.
        return "\\\n" if before in "'\"" else ""
    return _escape_bytes(text) if string.is_bytes else _escape(text)


def _escape_bytes(text):
    return "".join(_escape_character(chr(byte)) if byte < 128 else f"\\x{byte:02x}" for byte in text.encode())
