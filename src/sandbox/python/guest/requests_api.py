"""`requests` for programs: the library's functions over one host call. The host connects, keeps to
the rules about where requests may go, and decompresses; redirects and cookies are followed here, so
that every hop is a call of its own."""

import binascii
from urllib.parse import urljoin

from host import call_host
from modules import wrap_module
from requests_body import body_bytes
from requests_errors import ALL, ProxyError, RequestException, TooManyRedirects
from requests_prepare import prepare, read_url
from requests_response import Response
from requests_structures import Cookie, CookieJar, cookie_header, parse_set_cookie

_MAX_REDIRECTS = 30
_DEFAULT_PORTS = {"http": 80, "https": 443}


def request(
    method, url, params=None, data=None, headers=None, cookies=None, files=None, auth=None, timeout=None,
    allow_redirects=True, proxies=None, hooks=None, stream=None, verify=None, cert=None, json=None,
):  # fmt: skip
    """`hooks` and `stream` change nothing: a response is always received whole."""
    if proxies and any(proxies.values()):
        raise ProxyError("proxies cannot be used here")
    if cert is not None:
        raise RequestException("client certificates cannot be used here")
    if verify not in (None, True, False):
        raise RequestException("verify can be True or False here, not a path")
    settings = {"verify": verify is not False, **_read_timeout(timeout)}
    prepared = prepare(method, url, params, data, json, headers, files, auth)
    jar = CookieJar(_read_cookies(cookies, prepared.parsed.bare_host))
    if "Cookie" not in prepared.headers:
        _set_cookies(prepared, jar)
    response = _send(prepared, settings, jar)
    history = []
    # A place that is empty leads nowhere: the response stands as it is.
    while response.is_redirect and response.headers["Location"]:
        following = _follow(response, jar)
        if not allow_redirects:
            response.next = following
            break
        if len(history) >= _MAX_REDIRECTS:
            raise TooManyRedirects(f"Exceeded {_MAX_REDIRECTS} redirects.", response=response)
        response.history = list(history)
        history.append(response)
        response = _send(following, settings, jar)
    response.history = history
    return response


def get(url, params=None, **kwargs):
    return request("get", url, params=params, **kwargs)


def options(url, **kwargs):
    return request("options", url, **kwargs)


def head(url, **kwargs):
    kwargs.setdefault("allow_redirects", False)
    return request("head", url, **kwargs)


def post(url, data=None, json=None, **kwargs):
    return request("post", url, data=data, json=json, **kwargs)


def put(url, data=None, **kwargs):
    return request("put", url, data=data, **kwargs)


def patch(url, data=None, **kwargs):
    return request("patch", url, data=data, **kwargs)


def delete(url, **kwargs):
    return request("delete", url, **kwargs)


def _send(prepared, settings, jar):
    body = prepared.body
    args = {
        "method": prepared.method,
        "url": _without_fragment(prepared.url),
        "headers": [[name, _to_text(value)] for name, value in prepared.headers.items()],
        "body": binascii.b2a_base64(body_bytes(body), newline=False).decode("ascii") if body else None,
        **settings,
    }
    try:
        answer = call_host("http.request", args)
    except RequestException as error:
        error.request = prepared
        raise
    response = Response(answer, prepared)
    for name, value in answer["headers"]:
        if name.lower() == "set-cookie":
            cookie = parse_set_cookie(value, prepared.parsed.bare_host, prepared.parsed.path)
            if cookie is not None:
                response.cookies.add(cookie)
                jar.add(cookie)
    return response


def _follow(response, jar):
    """The request that a redirect asks for."""
    before = response.request
    following = before.copy()
    location = response.headers["Location"].encode("latin-1").decode("utf-8", "replace")
    following.parsed = read_url(urljoin(response.url, location))
    following.parsed.fragment = following.parsed.fragment or before.parsed.fragment
    following.method = _next_method(response)
    dropped = ["Cookie"]
    if response.status_code not in (307, 308):
        following.body = None
        dropped += ["Content-Length", "Content-Type", "Transfer-Encoding"]
    if _is_elsewhere(before.parsed, following.parsed):
        dropped.append("Authorization")
    for name in dropped:
        following.headers.pop(name, None)
    _set_cookies(following, jar)
    return following


def _next_method(response):
    method = response.request.method
    if response.status_code in (302, 303) and method != "HEAD":
        return "GET"
    return "GET" if response.status_code == 301 and method == "POST" else method


def _is_elsewhere(before, after):
    """Whether credentials for the one are not for the other."""
    if before.host != after.host:
        return True
    ports = [url.port or _DEFAULT_PORTS[url.scheme] for url in (before, after)]
    if (before.scheme, ports[0], after.scheme, ports[1]) == ("http", 80, "https", 443):
        return False
    return before.scheme != after.scheme or ports[0] != ports[1]


def _read_cookies(cookies, host):
    if cookies is None:
        return []
    if isinstance(cookies, CookieJar):
        return list(cookies)
    return [Cookie(str(name), str(value), host) for name, value in dict(cookies).items() if value is not None]


def _set_cookies(prepared, jar):
    url = prepared.parsed
    value = cookie_header(jar, url.scheme, url.bare_host, url.path)
    if value is not None:
        prepared.headers["Cookie"] = value


def _read_timeout(timeout):
    if isinstance(timeout, tuple):
        if len(timeout) != 2:
            raise ValueError(
                f"Invalid timeout {timeout}. Pass a (connect, read) timeout tuple, "
                "or a single float to set both timeouts to the same value."
            )
        connect, read = timeout
    else:
        connect = read = timeout
    return {"connect_timeout": _seconds("connect", connect), "read_timeout": _seconds("read", read)}


def _seconds(name, value):
    if value is None:
        return None
    if isinstance(value, bool):
        raise ValueError("Timeout cannot be a boolean value. It must be an int, float or None.")
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"Timeout value {name} was {value}, but it must be an int, float or None.") from None
    if not seconds > 0:
        raise ValueError(f"Attempted to set {name} timeout to {value}, but the timeout cannot be set to a value less than or equal to 0.")
    return min(seconds, 86_400.0)


def _to_text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _without_fragment(url):
    return url.partition("#")[0]


CONTEXT = {
    "requests": wrap_module(
        request=request, get=get, options=options, head=head, post=post, put=put, patch=patch, delete=delete,
        exceptions=wrap_module(**ALL),
    )
}  # fmt: skip

# The name of the module, not of its functions: `payload.get` is in every program.
WAITING_NAMES = {"requests"}
