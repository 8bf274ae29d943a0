"""From the arguments of `requests.post(…)` to what is sent."""

import binascii
import re

from requests_body import encode_body
from requests_errors import InvalidHeader, InvalidSchema
from requests_structures import CaseInsensitiveDict
from requests_url import is_http, parse_url

DEFAULT_HEADERS = (
    ("User-Agent", "hooktower"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept", "*/*"),
    ("Connection", "keep-alive"),
)

_HEADER_NAME = re.compile(r"[^:\s][^:\r\n]*")
_HEADER_VALUE = re.compile(r"(?:\S[^\r\n]*)?")


class PreparedRequest:
    """`parsed` is the URL taken apart; `url` is its text, without name and password."""

    __slots__ = ("method", "parsed", "headers", "body")
    __module__ = "requests.models"

    def __init__(self, method, parsed, headers, body):
        self.method = method
        self.parsed = parsed
        self.headers = headers
        self.body = body

    @property
    def url(self):
        return self.parsed.write()

    @property
    def path_url(self):
        return self.parsed.target

    def copy(self):
        return PreparedRequest(self.method, self.parsed, self.headers.copy(), self.body)

    def __repr__(self):
        return f"<PreparedRequest [{self.method}]>"


def prepare(method, url, params, data, json, headers, files, auth):
    parsed = read_url(url, params)
    prepared = PreparedRequest(str(method).upper(), parsed, _merge_headers(headers), None)
    prepared.body, content_type = encode_body(data, files, json)
    if prepared.body:
        length = len(prepared.body.encode("utf-8", "surrogatepass")) if isinstance(prepared.body, str) else len(prepared.body)
        prepared.headers["Content-Length"] = str(length)
    elif prepared.method not in ("GET", "HEAD") and "Content-Length" not in prepared.headers:
        prepared.headers["Content-Length"] = "0"
    if content_type and "Content-Type" not in prepared.headers:
        prepared.headers["Content-Type"] = content_type
    return _authenticate(prepared, auth or parsed.user)


def read_url(url, params=None):
    text = url.decode("utf-8") if isinstance(url, bytes) else str(url)
    text = text.lstrip()
    if not is_http(text):
        raise InvalidSchema(f"No connection adapters were found for {text!r}")
    parsed = parse_url(text, params)
    if parsed.scheme not in ("http", "https"):
        raise InvalidSchema(f"No connection adapters were found for {text!r}")
    return parsed


def _merge_headers(given):
    headers = CaseInsensitiveDict(DEFAULT_HEADERS)
    for name, value in dict(given or ()).items():
        if value is None:
            headers.pop(name, None)
        else:
            name, value = _check_header(name, value)
            headers[name] = value
    return headers


def _check_header(name, value):
    for part in (name, value):
        if not isinstance(part, (str, bytes)):
            raise InvalidHeader(
                f"Header part ({part!r}) from {(name, value)!r} must be of type str or bytes, not {type(part)}"
            )
    name, value = (part.decode("latin-1") if isinstance(part, bytes) else part for part in (name, value))
    for what, part, pattern in (("name", name, _HEADER_NAME), ("value", value, _HEADER_VALUE)):
        if not pattern.fullmatch(part):
            raise InvalidHeader(
                f"Invalid leading whitespace, reserved character(s), or return character(s) in header {what}: {part!r}"
            )
    return name, value


def _authenticate(prepared, auth):
    if not auth:
        return prepared
    if isinstance(auth, tuple) and len(auth) == 2:
        prepared.headers["Authorization"] = basic_auth(*auth)
        return prepared
    if not callable(auth):
        raise TypeError("auth must be a pair of name and password")
    changed = auth(prepared)
    if not isinstance(changed, PreparedRequest):
        raise TypeError("what auth gives back is no request")
    return changed


def basic_auth(name, password):
    name, password = (part if isinstance(part, (str, bytes)) else str(part) for part in (name, password))
    raw = b":".join(part.encode("latin-1") if isinstance(part, str) else part for part in (name, password))
    return "Basic " + binascii.b2a_base64(raw, newline=False).decode("ascii")
