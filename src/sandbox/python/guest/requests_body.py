"""Bodies of requests: forms, JSON, files."""

import json as jsonlib
import os

from requests_errors import InvalidJSONError, RequestException
from requests_url import encode_params, pairs_of

# The host refuses more as well.
MAX_BYTES = 4 * 1024 * 1024

_FORM = "application/x-www-form-urlencoded"


def encode_body(data, files, json):
    """The body (text, bytes or None) and its Content-Type, if it has one of its own."""
    if files:
        return _encode_multipart(data, files)
    if not data and json is not None:
        return _encode_json(json), "application/json"
    if not data:
        return None, None
    if isinstance(data, (str, bytes)):
        return data, None
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data), None
    if hasattr(data, "read"):
        return data.read(), None
    if hasattr(data, "items") or isinstance(data, (list, tuple)):
        return encode_params(data), _FORM
    return _join(data), None


def body_bytes(body):
    """What goes over the wire. Raises RequestException when it is too large."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if len(raw) > MAX_BYTES:
        raise RequestException(f"the body of the request has {len(raw)} bytes; at most {MAX_BYTES} can be sent")
    return raw


def _encode_json(value):
    try:
        return jsonlib.dumps(value, allow_nan=False).encode("utf-8")
    except ValueError as error:
        raise InvalidJSONError(error) from None


def _join(parts):
    """An iterable is sent as a whole: the host takes a body at once."""
    joined = bytearray()
    for part in parts:
        joined += part.encode("utf-8") if isinstance(part, str) else part
        body_bytes(joined)
    return bytes(joined)


def _encode_multipart(data, files):
    if isinstance(data, (str, bytes)):
        raise ValueError("Data must not be a string.")
    boundary = os.urandom(16).hex()
    body = bytearray()
    for name, value in pairs_of(data or ()):
        _add_part(body, boundary, _text(name), None, value if isinstance(value, bytes) else str(value), None, {})
    for name, given in list(files.items() if hasattr(files, "items") else files):
        filename, content, kind, headers = _read_file(name, given)
        if content is not None:
            _add_part(body, boundary, _text(name), filename, content, kind, headers)
    body += f"--{boundary}--\r\n".encode()
    return bytes(body), f"multipart/form-data; boundary={boundary}"


def _read_file(name, given):
    filename, content, kind, headers = name, given, None, {}
    if isinstance(given, (tuple, list)):
        filename, content, *rest = given
        kind = rest[0] if rest else None
        headers = rest[1] if len(rest) > 1 else {}
    if hasattr(content, "read"):
        content = content.read()
    return filename, content, kind, headers


def _add_part(body, boundary, name, filename, content, kind, headers):
    disposition = f'Content-Disposition: form-data; name="{_escape(name)}"'
    if filename is not None:
        disposition += f'; filename="{_escape(_text(filename))}"'
    lines = [f"--{boundary}", disposition]
    if kind:
        lines.append(f"Content-Type: {_one_line(kind)}")
    for header, value in (headers or {}).items():
        if header.lower() not in ("content-disposition", "content-type"):
            lines.append(f"{_one_line(header)}: {_one_line(value)}")
    body += "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    body += content.encode("utf-8") if isinstance(content, str) else content
    body += b"\r\n"
    body_bytes(body)


def _text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _escape(text):
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(value):
    text = _text(value)
    if "\r" in text or "\n" in text:
        raise ValueError("a header of a file must not have line breaks")
    return text
