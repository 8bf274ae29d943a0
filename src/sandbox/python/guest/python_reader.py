"""Reads Python source from left to right and knows whether its end stands inside a string, and inside which.
Follows CPython's lexer. Source that the lexer refuses is read somehow: it will not be compiled."""

import keyword
import re

_PREFIXES = frozenset("r b u f t br rb fr rf tr rt".split())
_WORD_AT_END = re.compile(r"\w*\Z")
_CODE = re.compile(r"#|'''|\"\"\"|['\"()\[\]{}:]")
_END_OF_LINE = re.compile("\n")
# Longer than every keyword.
_TAIL = 20


class String:
    """A string that is open. `is_spec`: the part of an f-string's field after the colon."""

    __slots__ = ("quote", "is_raw", "is_bytes", "is_formatted", "is_spec", "stops")

    def __init__(self, quote, prefix="", is_spec=False):
        self.quote = quote
        self.is_raw = "r" in prefix
        self.is_bytes = "b" in prefix
        self.is_formatted = "f" in prefix or "t" in prefix
        self.is_spec = is_spec
        pattern = re.escape(quote) + r"|\\"
        if len(quote) == 1:
            pattern += "|\n"
        self.stops = re.compile(pattern + "|[{}]" if self.is_formatted else pattern)


class _Code:
    """Code of the module, or of a field of an f-string. `depth`: brackets that are open. `tail`: its last characters,
    without comments and what stands in strings."""

    __slots__ = ("depth", "is_field", "in_comment", "tail")

    def __init__(self, is_field=False):
        self.depth = 0
        self.is_field = is_field
        self.in_comment = False
        self.tail = ""

    def add(self, text):
        self.tail = (self.tail + text if text.isspace() else text)[-_TAIL:]

    def ends_with_operand(self):
        """Whether a bracket that comes next would be a call or a subscript."""
        before = self.tail.rstrip(" \t\f\n\\")
        gap = self.tail[len(before):].replace("\\\n", "")
        if not before or ("\n" in gap and self.depth == 0 and not self.is_field):
            return False
        word = _WORD_AT_END.search(before)[0]
        return word not in keyword.kwlist if word else before.endswith(("'", '"', ")", "]", "}", "..."))


class PythonReader:
    """`last`: the last character, or nothing; whoever puts something in says so here. `in_escape`: the source ends with
    a backslash that changes the next character of a string."""

    __slots__ = ("_frames", "_text", "last", "in_escape")

    def __init__(self):
        self._frames = [_Code()]
        self._text = ""
        self.last = ""
        self.in_escape = False

    @property
    def string(self):
        frame = self._frames[-1]
        return frame if isinstance(frame, String) else None

    @property
    def ends_with_operand(self):
        frame = self._frames[-1]
        return not frame.in_comment and frame.ends_with_operand()

    def put_literal(self, text):
        """Something that is whole in itself has been put after what was read."""
        self.last = text[-1:]
        frame = self._frames[-1]
        if not frame.in_comment:
            frame.tail = "()"

    def read(self, text):
        """What comes next; at least one character. No word goes on from one text to the next."""
        self._text = text
        offset = 0
        while offset < len(text):
            frame = self._frames[-1]
            offset = self._read_string(frame, offset) if isinstance(frame, String) else self._read_code(frame, offset)
        self.last = text[-1]
        self.in_escape = offset > len(text)

    def _read_code(self, frame, offset):
        """Up to and with the next character that means something. Returns where it ends."""
        if frame.in_comment:
            end = _END_OF_LINE.search(self._text, offset)
            frame.in_comment = end is None
            # The line break is code again.
            return len(self._text) if end is None else end.start()
        found = _CODE.search(self._text, offset)
        end = len(self._text) if found is None else found.start()
        if end > offset:
            frame.add(self._text[offset:end])
        if found is None:
            return end
        part = found[0]
        if part == "#":
            frame.in_comment = True
            return found.end()
        frame.add(part)
        if part[0] in "'\"":
            return self._open_string(found)
        if part in "([{":
            frame.depth += 1
        elif part == ":":
            if frame.is_field and frame.depth == 0:
                outer = self._frames[-2]
                self._frames.append(String(outer.quote, "fr" if outer.is_raw else "f", is_spec=True))
        elif frame.depth > 0:
            frame.depth -= 1
        elif part == "}" and frame.is_field:
            self._frames.pop()
        return found.end()

    def _open_string(self, found):
        quote = found[0]
        word = _WORD_AT_END.search(self._text[max(0, found.start() - 3):found.start()])[0]
        prefix = word.lower()
        self._frames.append(String(quote, prefix if prefix in _PREFIXES else ""))
        return found.end()

    def _read_string(self, frame, offset):
        found = frame.stops.search(self._text, offset)
        if found is None:
            return len(self._text)
        part, end = found[0], found.end()
        if part == "\\":
            return self._skip_escape(frame, end)
        if part in (frame.quote, "\n"):
            self._close_string(frame)
        elif part == "{":
            if not frame.is_spec and self._text.startswith("{", end):
                return end + 1
            self._frames.append(_Code(is_field=True))
        elif frame.is_spec:
            # The field ends with the way to format it.
            self._frames.pop()
            self._frames.pop()
        elif self._text.startswith("}", end):
            return end + 1
        return end

    def _close_string(self, frame):
        self._frames.pop()
        if frame.is_spec:
            # The lexer refuses a quote or a line break here.
            self._frames.pop()

    def _skip_escape(self, frame, offset):
        if frame.is_formatted and self._text.startswith(("{", "}"), offset):
            return offset
        if frame.is_formatted and not frame.is_raw and self._text.startswith("N{", offset):
            end = self._text.find("}", offset)
            return len(self._text) if end < 0 else end + 1
        return offset + 1
