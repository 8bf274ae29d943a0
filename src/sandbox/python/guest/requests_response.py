"""What a request gives. A response is the run's own: nothing of it is shared."""

import binascii
import datetime
import json as jsonlib
import re

from requests_errors import HTTPError, JSONDecodeError
from requests_structures import CaseInsensitiveDict, CookieJar

REDIRECTS = frozenset((301, 302, 303, 307, 308))

# The host's limit (json-depth.ts).
_MAX_JSON_DEPTH = 500
# In these, what looks like a bracket to the host is one, and nothing else is.
_LIKE_ASCII = frozenset("ascii us-ascii utf-8 utf8 utf_8 utf-8-sig iso-8859-1 latin-1 latin1 windows-1252 cp1252".split())


class Response:
    """The members are those of the library's Response, without what belongs to its connection (`raw`)."""

    __slots__ = (
        "status_code", "reason", "url", "headers", "encoding", "content", "cookies", "elapsed", "history", "request",
        "next", "__too_deep", "__text",
    )  # fmt: skip
    __module__ = "requests.models"

    def __init__(self, answer, request):
        self.status_code = answer["status"]
        self.reason = answer["reason"]
        self.url = request.url
        self.headers = CaseInsensitiveDict()
        for name, value in answer["headers"]:
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.encoding = _find_encoding(self.headers.get("Content-Type"))
        self.content = binascii.a2b_base64(answer["body"])
        self.cookies = CookieJar()
        self.elapsed = datetime.timedelta(microseconds=answer["elapsed_us"])
        self.history = []
        self.request = request
        self.next = None
        self.__too_deep = answer["too_deep"]
        self.__text = None

    def __repr__(self):
        return f"<Response [{self.status_code}]>"

    def __bool__(self):
        return self.ok

    def __iter__(self):
        return self.iter_content(128)

    @property
    def ok(self):
        # Numbers from 600 on are no errors, whatever they are.
        return not 400 <= self.status_code < 600

    @property
    def is_redirect(self):
        return "Location" in self.headers and self.status_code in REDIRECTS

    @property
    def is_permanent_redirect(self):
        return "Location" in self.headers and self.status_code in (301, 308)

    @property
    def apparent_encoding(self):
        return _guess_encoding(self.content)

    @property
    def text(self):
        if self.__text is None:
            self.__text = self.__decode()
        return self.__text

    def __decode(self):
        if not self.content:
            return ""
        try:
            return str(self.content, self.encoding or self.apparent_encoding, errors="replace")
        except (LookupError, TypeError, ValueError):
            # The server names an encoding that there is not.
            return str(self.content, errors="replace")

    def json(self, **kwargs):
        encoding = self.encoding
        text = None
        if encoding is None and len(self.content) > 3:
            encoding = _json_encoding(self.content)
            try:
                text = self.content.decode(encoding)
            except UnicodeDecodeError:
                pass  # a wrong guess: `text` does what it can
        if text is None:
            text = self.text
        if _is_too_deep(text, encoding, self.__too_deep):
            raise JSONDecodeError("The JSON is nested too deeply", "", 0)
        try:
            return jsonlib.loads(text, **kwargs)
        except jsonlib.JSONDecodeError as error:
            raise JSONDecodeError(error.msg, error.doc, error.pos) from None

    def raise_for_status(self):
        for first, kind in ((400, "Client"), (500, "Server")):
            if first <= self.status_code < first + 100:
                raise HTTPError(f"{self.status_code} {kind} Error: {self.reason} for url: {self.url}", response=self)

    def iter_content(self, chunk_size=1, decode_unicode=False):
        content = self.text if decode_unicode and self.encoding is not None else self.content
        if chunk_size is None:
            chunk_size = max(1, len(content))
        if not isinstance(chunk_size, int):
            raise TypeError(f"chunk_size must be an int, it is instead a {type(chunk_size)}.")
        return map(lambda start: content[start : start + chunk_size], range(0, len(content), chunk_size))

    def iter_lines(self, chunk_size=512, decode_unicode=False, delimiter=None):
        content = self.text if decode_unicode and self.encoding is not None else self.content
        return iter(content.split(delimiter) if delimiter and content else content.splitlines())

    @property
    def links(self):
        """The `Link` header: by `rel`, or by URL where that is missing."""
        found = {}
        for part in re.split(r",\s*(?=<)", self.headers.get("Link", "").strip()):
            match = re.match(r"<\s*([^>]*?)\s*>(.*)", part, re.DOTALL)
            if match:
                link = {"url": match[1]}
                for name, quoted, plain in re.findall(r";\s*([^=;\s]+)\s*=\s*(?:\"([^\"]*)\"|([^;]*))", match[2]):
                    link[name] = quoted or plain.strip(" '\"")
                found[link.get("rel") or link["url"]] = link
        return found

    def close(self):
        """Everything is here already."""


def _find_encoding(content_type):
    if content_type is None:
        return None
    kind, *parameters = content_type.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(" '\"").lower() == "charset":
            return value.strip(" '\"")
    if "text" in kind:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in kind else None


def _guess_encoding(content):
    """The marks at the beginning, then whatever it can be without loss."""
    for mark, name in (
        (b"\xef\xbb\xbf", "UTF-8-SIG"), (b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"),
    ):  # fmt: skip
        if content.startswith(mark):
            return name
    for name in ("ascii", "utf-8"):
        try:
            content.decode(name)
            return name
        except UnicodeDecodeError:
            pass
    return "ISO-8859-1"


def _json_encoding(content):
    """UTF-8, UTF-16 or UTF-32: the first characters of JSON are ASCII, so their null bytes tell."""
    marked = _guess_encoding(content[:4])
    if marked.startswith("UTF"):
        return marked
    nulls = [byte == 0 for byte in content[:4]]
    if not any(nulls):
        return "utf-8"
    if nulls[0]:
        return "utf-32-be" if nulls[1] else "utf-16-be"
    return "utf-32-le" if nulls[2] else "utf-16-le"


def _is_too_deep(text, encoding, host_says_so):
    if text.count("[") + text.count("{") <= _MAX_JSON_DEPTH:
        return False
    if encoding is not None and encoding.lower() in _LIKE_ASCII:
        return host_says_so
    # In other encodings the host does not see the brackets for what they are.
    depth = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', text, re.DOTALL):
        if token in "[{":
            depth += 1
            if depth > _MAX_JSON_DEPTH:
                return True
        elif token in "]}":
            depth -= 1
    return False
