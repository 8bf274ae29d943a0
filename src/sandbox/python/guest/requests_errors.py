"""The exceptions of `requests`, in the library's own hierarchy. The host names them with the prefix
`requests.`: some are called as builtins are."""

import json

import errors


class RequestException(OSError):
    """`response` and `request` are what it is about, or None."""

    __module__ = "requests.exceptions"

    def __init__(self, *args, response=None, request=None):
        self.response = response
        self.request = request if request is not None or response is None else response.request
        super().__init__(*args)


class InvalidJSONError(RequestException):
    __module__ = "requests.exceptions"


class JSONDecodeError(InvalidJSONError, json.JSONDecodeError):
    __module__ = "requests.exceptions"

    def __init__(self, *args, **kwargs):
        json.JSONDecodeError.__init__(self, *args)
        InvalidJSONError.__init__(self, *self.args, **kwargs)

    def __str__(self):
        # OSError would write it as a number and its text.
        return ValueError.__str__(self)


class HTTPError(RequestException):
    __module__ = "requests.exceptions"


class ConnectionError(RequestException):
    __module__ = "requests.exceptions"


class ProxyError(ConnectionError):
    __module__ = "requests.exceptions"


class SSLError(ConnectionError):
    __module__ = "requests.exceptions"


class Timeout(RequestException):
    __module__ = "requests.exceptions"


class ConnectTimeout(ConnectionError, Timeout):
    __module__ = "requests.exceptions"


class ReadTimeout(Timeout):
    __module__ = "requests.exceptions"


class TooManyRedirects(RequestException):
    __module__ = "requests.exceptions"


class MissingSchema(RequestException, ValueError):
    __module__ = "requests.exceptions"


class InvalidSchema(RequestException, ValueError):
    __module__ = "requests.exceptions"


class InvalidURL(RequestException, ValueError):
    __module__ = "requests.exceptions"


class InvalidHeader(RequestException, ValueError):
    __module__ = "requests.exceptions"


class ChunkedEncodingError(RequestException):
    __module__ = "requests.exceptions"


class ContentDecodingError(RequestException):
    __module__ = "requests.exceptions"


ALL = {
    kind.__name__: kind
    for kind in (
        RequestException, InvalidJSONError, JSONDecodeError, HTTPError, ConnectionError, ProxyError, SSLError,
        Timeout, ConnectTimeout, ReadTimeout, TooManyRedirects, MissingSchema, InvalidSchema, InvalidURL,
        InvalidHeader, ChunkedEncodingError, ContentDecodingError,
    )
}  # fmt: skip

errors.BY_NAME.update({f"requests.{name}": kind for name, kind in ALL.items()})
