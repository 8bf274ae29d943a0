"""From the text of a template to tokens: what stands between the delimiters is data, what stands inside is
names, literals and operators. White space control and `{% raw %}` are settled here.

As in the original: `trim_blocks` is on, so one line break after `%}` and `#}` is dropped; so is one at the end of
the text; every kind of line break becomes `\\n`."""

import bisect
import re

_BREAKS = re.compile(r"\r\n|\r|\n")
_OPENING = re.compile(r"\{([{%#])([-+]?)")
_RAW = re.compile(r"\s*raw\s*(?:-%\}\s*|%\})")
_END_OF_RAW = re.compile(r"\{%([-+]?)\s*endraw\s*(?:-%\}\s*|\+%\}|%\}\n?)")
_END_OF_COMMENT = re.compile(r"(?:-#\}\s*|\+#\}|#\}\n?)")
_END_OF_BLOCK = re.compile(r"(?:-%\}\s*|\+%\}|%\}\n?)")
_END_OF_PRINT = re.compile(r"(?:-\}\}\s*|\}\})")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<float>(?<!\.)\d[\d_]*(?:(?:\.\d[\d_]*)?[eE][+-]?\d[\d_]*|\.\d[\d_]*))
    |(?P<integer>0[bB][01_]+|0[oO][0-7_]+|0[xX][\da-fA-F_]+|\d[\d_]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<operator>//|\*\*|==|!=|>=|<=|[-+/*%~\[\](){}<>=.:|,;])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


class TemplateSyntaxError(SyntaxError):
    """The template cannot be read. Has a line and a column, as every SyntaxError."""


class ForbiddenNameError(TemplateSyntaxError):
    """The template names what Python code may not name either."""

    # What users know it by.
    type_name = "NameError"


class Token:
    """`kind`: data, print, endprint, block, endblock, name, string, integer, float, operator or end."""

    __slots__ = ("kind", "text", "offset")

    def __init__(self, kind, text, offset):
        self.kind = kind
        self.text = text
        self.offset = offset


class Positions:
    """Lines and columns, from 1, of offsets in a text."""

    def __init__(self, text, name):
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._name = name

    def find(self, offset):
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def error(self, message, offset):
        return TemplateSyntaxError(message, self._describe(offset))

    def forbid(self, message, offset):
        return ForbiddenNameError(message, self._describe(offset))

    def _describe(self, offset):
        return (self._name, *self.find(offset), None)


def normalize_breaks(source):
    text = _BREAKS.sub("\n", source)
    return text[:-1] if text.endswith("\n") else text


def read_tokens(text, positions):
    """The tokens of a template, the last of which is `end`. Raises TemplateSyntaxError."""
    tokens = []
    offset = 0
    while True:
        opening = _OPENING.search(text, offset)
        if opening is None:
            _add_data(tokens, text[offset:], offset)
            tokens.append(Token("end", "", len(text)))
            return tokens
        kind, sign = opening.groups()
        start, inside = opening.span()
        data = text[offset:start]
        _add_data(tokens, data.rstrip() if sign == "-" else data, offset)
        if kind == "#":
            offset = _skip_comment(text, start, inside, positions)
        elif kind == "%" and (raw := _RAW.match(text, inside)):
            offset = _read_raw(tokens, text, start, raw.end(), positions)
        else:
            offset = _read_inside(tokens, text, start, inside, kind == "{", positions)


def _add_data(tokens, data, offset):
    if data:
        tokens.append(Token("data", data, offset))


def _skip_comment(text, start, inside, positions):
    end = text.find("#}", inside)
    if end < 0:
        raise positions.error("the comment has no end: #} is missing", start)
    sign = 1 if end > inside and text[end - 1] in "-+" else 0
    return _END_OF_COMMENT.match(text, end - sign).end()


def _read_raw(tokens, text, start, inside, positions):
    end = _END_OF_RAW.search(text, inside)
    if end is None:
        raise positions.error("the raw part has no end: {% endraw %} is missing", start)
    data = text[inside:end.start()]
    _add_data(tokens, data.rstrip() if end[1] == "-" else data, inside)
    return end.end()


def _read_inside(tokens, text, start, inside, is_print, positions):
    """What stands between two delimiters. A delimiter inside brackets ends nothing: `{{ {"a": {}} }}`."""
    tokens.append(Token("print" if is_print else "block", "", start))
    ending = _END_OF_PRINT if is_print else _END_OF_BLOCK
    brackets = []
    offset = inside
    while True:
        end = None if brackets else ending.match(text, offset)
        if end is not None:
            tokens.append(Token("endprint" if is_print else "endblock", "", offset))
            return end.end()
        found = _TOKEN.match(text, offset)
        if found is None:
            if offset == len(text):
                raise positions.error(f"{'}}' if is_print else '%}'} is missing", start)
            raise positions.error(f"unexpected character {text[offset]!r}", offset)
        kind, part = found.lastgroup, found[0]
        if kind == "operator":
            _match_brackets(brackets, part, offset, positions)
        if kind != "space":
            tokens.append(Token(kind, part, offset))
        offset = found.end()


def _match_brackets(brackets, operator, offset, positions):
    if operator in _CLOSERS:
        brackets.append(_CLOSERS[operator])
    elif operator in (")", "]", "}"):
        if not brackets:
            raise positions.error(f"unexpected {operator!r}", offset)
        expected = brackets.pop()
        if operator != expected:
            raise positions.error(f"unexpected {operator!r}, expected {expected!r}", offset)
