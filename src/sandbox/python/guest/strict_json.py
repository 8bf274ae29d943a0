"""JSON from strangers. Python's parser calls itself for every level, and in WebAssembly 100,000
open brackets end the interpreter instead of raising RecursionError."""

import json
import re

_MAX_DEPTH = 1000

_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_OTHERS = re.compile(r"[^][{}]+")
_TOO_DEEP = re.compile(r"[[{]{%d}" % (_MAX_DEPTH + 1))


def load_json(body):
    """What json.loads gives for bytes. Raises ValueError, also for what is nested too deeply."""
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    if text.count("[") + text.count("{") > _MAX_DEPTH and _is_too_deep(text):
        raise ValueError("nested too deeply")
    return json.loads(text)


def _is_too_deep(text):
    """Takes away the innermost pairs, level by level, until openers stand side by side."""
    brackets = _OTHERS.sub("", _STRINGS.sub("", text))
    for _ in range(_MAX_DEPTH):
        if _TOO_DEEP.search(brackets):
            return True
        shorter = brackets.replace("[]", "").replace("{}", "")
        if len(shorter) == len(brackets):
            return False
        brackets = shorter
    return True
