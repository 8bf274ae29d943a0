"""Names of the DNS and the exceptions about it, in the shape of dnspython's."""

import ipaddress

import errors


class DNSException(Exception):
    pass


# It has the name that it has in dnspython; Python's own is not used here.
class SyntaxError(DNSException):
    pass


class EmptyLabel(SyntaxError):
    pass


class LabelTooLong(SyntaxError):
    pass


class NameTooLong(DNSException):
    pass


class IDNAException(DNSException):
    pass


class UnknownRdatatype(DNSException):
    pass


class NoMetaqueries(DNSException):
    pass


class Timeout(DNSException):
    pass


class LifetimeTimeout(Timeout):
    pass


class NXDOMAIN(DNSException):
    pass


class NoAnswer(DNSException):
    pass


class NoNameservers(DNSException):
    pass


# The host may answer with these.
for _error in (
    SyntaxError,
    EmptyLabel,
    LabelTooLong,
    NameTooLong,
    IDNAException,
    UnknownRdatatype,
    LifetimeTimeout,
    NXDOMAIN,
    NoAnswer,
    NoNameservers,
):
    errors.BY_NAME[f"dns.{_error.__name__}"] = _error

MALFORMED = "Text input is malformed."


class Name:
    """An absolute name. Its text ends with a dot; the case of letters does not count."""

    __slots__ = ("__text",)

    def __init__(self, text):
        self.__text = text.removesuffix(".")

    @property
    def labels(self):
        return tuple(label.encode() for label in self.__text.split(".")) + (b"",) if self.__text else (b"",)

    def to_text(self, omit_final_dot=False):
        return self.__text if omit_final_dot and self.__text else self.__text + "."

    def to_unicode(self, omit_final_dot=False):
        labels = [_decode_label(label) for label in self.__text.split(".")]
        return Name(".".join(labels)).to_text(omit_final_dot)

    def is_absolute(self):
        return True

    def is_subdomain(self, other):
        return self.__key() == other.__key() or other.__key() == "" or self.__key().endswith("." + other.__key())

    def __key(self):
        return self.__text.lower()

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<DNS name {self}>"

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.labels[index]

    def __eq__(self, other):
        return isinstance(other, Name) and self.__key() == other.__key()

    def __lt__(self, other):
        if not isinstance(other, Name):
            return NotImplemented
        return self.__key().split(".")[::-1] < other.__key().split(".")[::-1]

    def __hash__(self):
        return hash(self.__key())


def write_wire(name):
    """The form in which names within records are compared: that of the wire, in small letters."""
    return b"".join(bytes([len(label)]) + label.lower() for label in name.labels)


def _decode_label(label):
    if not label.lower().startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


_V4_ORIGIN = Name("in-addr.arpa")
_V6_ORIGIN = Name("ip6.arpa")


def from_address(text, v4_origin=_V4_ORIGIN, v6_origin=_V6_ORIGIN):
    """The name under which an address is looked up in reverse."""
    address = _parse_address(text)
    if address.version == 4:
        labels, origin = str(address).split("."), v4_origin
    else:
        labels, origin = address.exploded.replace(":", ""), v6_origin
    return Name(".".join([*reversed(labels), origin.to_text()]))


def _parse_address(text):
    if not isinstance(text, str):
        raise TypeError("an address is a text")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise SyntaxError(MALFORMED) from None
    # A zone (`fe80::1%eth0`) has no place in the reverse tree.
    if "%" in text:
        raise SyntaxError(MALFORMED)
    return getattr(address, "ipv4_mapped", None) or address


def to_address(name, v4_origin=_V4_ORIGIN, v6_origin=_V6_ORIGIN):
    """The address that a name of the reverse tree stands for."""
    if not isinstance(name, Name):
        raise TypeError("to_address takes a name, as from_address gives it")
    if name.is_subdomain(v4_origin):
        labels = _labels_below(name, v4_origin)
        text = ".".join(labels)
    elif name.is_subdomain(v6_origin):
        labels = _labels_below(name, v6_origin)
        text = ":".join("".join(labels[start:start + 4]) for start in range(0, len(labels), 4))
    else:
        raise SyntaxError("unknown reverse-map address family")
    return str(_parse_address(text))


def _labels_below(name, origin):
    """The labels before those of the origin, last first."""
    return [label.decode() for label in reversed(name.labels[: len(name) - len(origin)])]
