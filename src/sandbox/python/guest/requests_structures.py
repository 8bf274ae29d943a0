"""What requests and responses are made of: headers and cookies. A run makes its own of them."""

import calendar
import time


class CaseInsensitiveDict(dict):
    """Headers: iterates names as they were written, looks them up whatever the case."""

    __slots__ = ("__written",)
    __module__ = "requests.structures"

    def __init__(self, data=(), **kwargs):
        super().__init__()
        self.__written = {}
        self.update(data, **kwargs)

    def __find(self, name):
        return self.__written.get(_fold(name), name)

    def __setitem__(self, name, value):
        dict.pop(self, self.__find(name), None)
        self.__written[_fold(name)] = name
        dict.__setitem__(self, name, value)

    def __getitem__(self, name):
        return dict.__getitem__(self, self.__find(name))

    def __delitem__(self, name):
        dict.__delitem__(self, self.__find(name))
        del self.__written[_fold(name)]

    def __contains__(self, name):
        return _fold(name) in self.__written

    def __eq__(self, other):
        if not isinstance(other, dict):
            return NotImplemented
        return dict(self.lower_items()) == {_fold(name): value for name, value in other.items()}

    __hash__ = None

    def __or__(self, other):
        merged = self.copy()
        merged.update(other)
        return merged

    def get(self, name, default=None):
        return dict.get(self, self.__find(name), default)

    def pop(self, name, *default):
        value = dict.pop(self, self.__find(name), *default)
        self.__written.pop(_fold(name), None)
        return value

    def popitem(self):
        name, value = dict.popitem(self)
        del self.__written[_fold(name)]
        return name, value

    def clear(self):
        dict.clear(self)
        self.__written.clear()

    def setdefault(self, name, default=None):
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, data=(), **kwargs):
        pairs = data.items() if hasattr(data, "items") else data
        for name, value in pairs:
            self[name] = value
        for name, value in kwargs.items():
            self[name] = value

    def copy(self):
        return CaseInsensitiveDict(self)

    def lower_items(self):
        return ((_fold(name), value) for name, value in self.items())


def _fold(name):
    return name.lower() if isinstance(name, (str, bytes)) else name


class Cookie:
    __slots__ = ("name", "value", "domain", "path", "secure", "expires", "host_only")

    def __init__(self, name, value, domain="", path="/", secure=False, expires=None, host_only=True):
        self.name = name
        self.value = value
        self.domain = domain
        self.path = path
        self.secure = secure
        self.expires = expires
        self.host_only = host_only

    def __repr__(self):
        return f"<Cookie {self.name}={self.value} for {self.domain}{self.path}>"

    def is_expired(self):
        return self.expires is not None and self.expires <= time.time()

    def fits(self, scheme, host, path):
        if self.secure and scheme != "https":
            return False
        if host != self.domain and (self.host_only or not host.endswith("." + self.domain)):
            return False
        return path == self.path or path.startswith(self.path if self.path.endswith("/") else self.path + "/")


class CookieJar:
    """Iterates Cookies; by name it is like a dict."""

    __slots__ = ("__cookies",)
    __module__ = "requests.cookies"

    def __init__(self, cookies=()):
        self.__cookies = {}
        for cookie in cookies:
            self.add(cookie)

    def add(self, cookie):
        key = (cookie.domain, cookie.path, cookie.name)
        if cookie.is_expired():
            self.__cookies.pop(key, None)
        else:
            self.__cookies[key] = cookie

    def __iter__(self):
        return iter(list(self.__cookies.values()))

    def __len__(self):
        return len(self.__cookies)

    def __contains__(self, name):
        return any(cookie.name == name for cookie in self)

    def __getitem__(self, name):
        for cookie in self:
            if cookie.name == name:
                return cookie.value
        raise KeyError(f"name={name!r}, domain=None, path=None")

    def __repr__(self):
        return f"<RequestsCookieJar[{', '.join(map(repr, self))}]>"

    def get(self, name, default=None, domain=None, path=None):
        for cookie in self:
            if cookie.name == name and domain in (None, cookie.domain) and path in (None, cookie.path):
                return cookie.value
        return default

    def keys(self):
        return [cookie.name for cookie in self]

    def values(self):
        return [cookie.value for cookie in self]

    def items(self):
        return [(cookie.name, cookie.value) for cookie in self]

    def get_dict(self, domain=None, path=None):
        fitting = (c for c in self if domain in (None, c.domain) and path in (None, c.path))
        return {cookie.name: cookie.value for cookie in fitting}


def cookie_header(jar, scheme, host, path):
    """The value of `Cookie` for a request; None when there is none to send."""
    fitting = [cookie for cookie in jar if not cookie.is_expired() and cookie.fits(scheme, host, path)]
    fitting.sort(key=lambda cookie: -len(cookie.path))
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in fitting) or None


def parse_set_cookie(text, host, request_path):
    """The Cookie that a `Set-Cookie` header makes; None when it is not for this host."""
    first, *attributes = text.split(";")
    name, equals, value = first.partition("=")
    name = name.strip()
    if not equals or not name:
        return None
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"' and '\\"' in value:
        value = value.replace('\\"', "")
    cookie = Cookie(name, value, host, _default_path(request_path))
    lifetime = None
    for attribute in attributes:
        key, _, setting = attribute.partition("=")
        key, setting = key.strip().lower(), setting.strip()
        if key == "domain" and setting:
            domain = setting.lstrip(".").lower()
            if host != domain and not (host.endswith("." + domain) and "." in domain):
                return None
            cookie.domain, cookie.host_only = domain, False
        elif key == "path" and setting.startswith("/"):
            cookie.path = setting
        elif key == "secure":
            cookie.secure = True
        elif key == "expires" and lifetime is None:
            cookie.expires = _parse_date(setting)
        elif key == "max-age" and setting.lstrip("-").isdecimal() and len(setting) < 12:
            lifetime = int(setting)
            cookie.expires = int(time.time()) + lifetime if lifetime > 0 else 0
    return cookie


def _default_path(request_path):
    return request_path[: request_path.rfind("/")] or "/"


def _parse_date(text):
    for layout in ("%a, %d %b %Y %H:%M:%S GMT", "%a, %d-%b-%Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT"):
        try:
            moment = time.strptime(text, layout)
        except ValueError:
            continue
        return calendar.timegm(moment)
    return None
