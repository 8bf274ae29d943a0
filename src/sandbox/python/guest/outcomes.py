"""What the host is told about a run: its result as it was asked to read it, or how it failed."""

import json
import re

from errors import UserError

_MAX_MESSAGE = 8192
_MAX_TRACEBACK = 16384
# Characters of str() of all results that are not text, for the log.
_MAX_TEXT = 65536
_MAX_FRAMES = 20
# Levels of what is kept; json-depth.ts has the same number.
_MAX_DEPTH = 500

_encode = json.JSONEncoder(allow_nan=False).encode


class ResultError(Exception):
    """The program left something that is no result."""


class ResultTooLarge(Exception):
    pass


def read_result(program, namespace, max_bytes):
    result = _find_result(program, namespace)
    readings = {}
    size = 0
    text_room = _MAX_TEXT
    for key, reading in program.readings:
        value = result.get(key)
        if reading == "truth":
            readings[key] = bool(value)
        elif reading == "nonzero":
            readings[key] = key in result and bool(value != 0)
        elif value is None and (reading == "json" or key not in result):
            readings[key] = None
        else:
            encoded = _to_json(key, value)
            size += len(encoded)
            if size > max_bytes:
                raise ResultTooLarge()
            if isinstance(value, str):
                readings[key] = [encoded]
            else:
                text = str(value)[:text_room]
                text_room -= len(text)
                readings[key] = [encoded, text]
    return readings


def _find_result(program, namespace):
    if program.is_value:
        return {"value": namespace.get("result")}
    if program.default_result is not None:
        result = namespace["result"]
    else:
        # Programs that begin without one may leave none, or one that is false.
        result = namespace.get("result") or {}
    if not isinstance(result, dict):
        raise ResultError("result is not a dict")
    return result


def read_kept(kept, max_bytes):
    """JSON text of what the code may have changed. Raises for what is no JSON or too large."""
    texts = {}
    room = max_bytes
    for name, value in kept.items():
        texts[name] = _to_json(name, value)
        room -= len(texts[name])
        if room < 0:
            raise ResultTooLarge()
        if _is_too_deep(texts[name]):
            raise TypeError(f"{name} cannot be written as JSON: it is nested too deeply")
    return texts


def read_kept_of_raised(kept, max_bytes):
    """The same beside an error, which counts more: what cannot be told is left out."""
    texts = {}
    for name, value in kept.items():
        try:
            texts.update(read_kept({name: value}, max_bytes))
        except (TypeError, ResultTooLarge):
            continue
        max_bytes -= len(texts[name])
    return texts


_STRINGS_AND_MORE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\[\]{}"]+')


def _is_too_deep(text):
    """The host takes a deeper one for a breach of the protocol: it could not be given to a run again."""
    if len(text) <= _MAX_DEPTH:
        return False
    depth = 0
    for character in _STRINGS_AND_MORE.sub("", text):
        depth += 1 if character in "[{" else -1
        if depth > _MAX_DEPTH:
            return True
    return False


def _to_json(key, value):
    try:
        return _encode(value)
    except RecursionError:
        reason = "it is nested too deeply"
    except (TypeError, ValueError) as error:
        reason = str(error)
    raise TypeError(f"{key} cannot be written as JSON: {reason}")


def describe_error(program, error):
    type_name = "UserError" if isinstance(error, UserError) else type(error).__name__
    message = _text_of(error)
    frames = _program_frames(program, error.__traceback__)
    return {
        "status": "raised",
        "type": type_name,
        "message": message,
        "line": frames[-1][0] if frames else None,
        "traceback": _format_traceback(program, frames, f"{type_name}: {message}"),
    }


def _text_of(error):
    """What the program raised may hold what has no text, or one that does not fit into the memory."""
    try:
        return str(error)[:_MAX_MESSAGE]
    except Exception:
        return f"<{type(error).__name__} without a text>"


def _program_frames(program, tb):
    frames = []
    while tb is not None:
        code = tb.tb_frame.f_code
        if code.co_filename == program.name:
            frames.append((program.original_line(tb.tb_lineno), code.co_name))
        tb = tb.tb_next
    return frames


def _format_traceback(program, frames, last_line):
    lines = ["Traceback (most recent call last):"]
    for line, function in frames[-_MAX_FRAMES:]:
        lines.append(f'  File "{program.name}", line {line}, in {function}')
        if line is not None and 0 < line <= len(program.source_lines):
            lines.append("    " + program.source_lines[line - 1].strip()[:500])
    lines.append(last_line)
    return "\n".join(lines)[:_MAX_TRACEBACK]
