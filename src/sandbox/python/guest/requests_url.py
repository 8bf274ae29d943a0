"""URLs for `requests`: what is sent is written in the characters that every parser reads alike. The
host decides where it leads; here it is only brought into shape."""

import re
from urllib.parse import unquote_to_bytes, urlencode

from requests_errors import InvalidURL, MissingSchema

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?://([^\\/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@%\s\x00-\x20]*)(?::([0-9]{0,5}))?")

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = _UNRESERVED | frozenset(b"!$&'()*+,;=:@/")
_IN_QUERY = _IN_PATH | frozenset(b"?")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")


class Url:
    """A URL of HTTP, taken apart. `user` is the name and password before the host, or None."""

    __slots__ = ("scheme", "user", "host", "port", "path", "query", "fragment")

    def __init__(self, scheme, user, host, port, path, query, fragment):
        self.scheme = scheme
        self.user = user
        self.host = host
        self.port = port
        self.path = path
        self.query = query
        self.fragment = fragment

    @property
    def target(self):
        return self.path + (f"?{self.query}" if self.query else "")

    @property
    def bare_host(self):
        return self.host.strip("[]")

    def write(self):
        """As text, without name and password: it is shown in errors and logs."""
        port = "" if self.port is None else f":{self.port}"
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{self.host}{port}{self.target}{fragment}"


def is_http(url):
    """Whether it is for HTTP or has no scheme at all: all else is not taken apart."""
    return ":" not in url or url.lower().startswith("http")


def parse_url(url, params=None):
    """Raises MissingSchema or InvalidURL."""
    match = _PARTS.fullmatch(url)
    if match is None or match[2] is None and not match[1].lower().startswith("http"):
        raise MissingSchema(f"Invalid URL {url!r}: No scheme supplied. Perhaps you meant https://{url}?")
    scheme, authority, path, query, fragment = match.groups()
    user, _, place = (authority or "").rpartition("@")
    host = _AUTHORITY.fullmatch(place)
    shown = url if not user else url.replace(f"{user}@", "", 1)
    if host is None or (host[2] and int(host[2]) > 65535):
        raise InvalidURL(f"Failed to parse: {shown}")
    if not host[1]:
        raise InvalidURL(f"Invalid URL {shown!r}: No host supplied")
    if host[1].startswith(("*", ".")):
        raise InvalidURL("URL has an invalid label.")
    query = _quote(query or "", _IN_QUERY)
    extra = encode_params(params)
    if extra:
        query = f"{query}&{extra}" if query else extra
    return Url(
        scheme.lower(),
        _parse_user(user),
        host[1].lower(),
        int(host[2]) if host[2] else None,
        _quote(_remove_dots(path), _IN_PATH) or "/",
        _quote(query, _IN_QUERY | frozenset(b"[]")),
        _quote(fragment or "", _IN_QUERY),
    )


def _parse_user(text):
    # As in the library, a name without a colon after it is not sent, nor is a pair of two empty texts.
    name, colon, password = text.partition(":")
    if not colon or text == ":":
        return None
    return tuple(unquote_to_bytes(part).decode("utf-8", "replace") for part in (name, password))


def encode_params(params):
    """A query string of params; also the body of a form."""
    if params is None:
        return ""
    if isinstance(params, (str, bytes)):
        return params.decode("utf-8") if isinstance(params, bytes) else params
    return urlencode([(_to_bytes(name), _to_bytes(value)) for name, value in pairs_of(params)], doseq=True)


def pairs_of(data):
    """Names and values of a dict or a list of pairs; a list as a value counts as several."""
    for name, values in list(data.items() if hasattr(data, "items") else data):
        single = isinstance(values, (str, bytes)) or not hasattr(values, "__iter__")
        for value in [values] if single else values:
            if value is not None:
                yield name, value


def _to_bytes(value):
    return value.encode("utf-8") if isinstance(value, str) else value


def _remove_dots(path):
    if "." not in path:
        return path
    kept = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


def _quote(text, allowed):
    """Escapes what may not stand there. Escapes that are there stay, unless one of them is broken."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(_ESCAPE.findall(raw)) != raw.count(b"%"):
        return _escape(raw, allowed)
    parts = _ESCAPE.split(raw)
    escapes = [_tidy(escape) for escape in _ESCAPE.findall(raw)] + [""]
    return "".join(_escape(part, allowed) + escape for part, escape in zip(parts, escapes))


def _tidy(escape):
    byte = int(escape[1:], 16)
    return chr(byte) if byte in _UNRESERVED else escape.decode().upper()


def _escape(raw, allowed):
    if allowed.issuperset(raw):
        return raw.decode("ascii")
    return "".join(chr(byte) if byte in allowed else f"%{byte:02X}" for byte in raw)
