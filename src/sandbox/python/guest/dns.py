"""`dns`: lookups in the shape of dnspython's. The host asks the resolvers of the system."""

import ipaddress
import time

import dns_names
from dns_names import Name, NoAnswer, NoMetaqueries, UnknownRdatatype, from_address, to_address, write_wire
from host import call_host
from modules import wrap_module

_TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35, "CAA": 257}
_TYPE_NAMES = {number: name for name, number in _TYPES.items()}
_META_TYPES = frozenset(["ANY", "*", "AXFR", "IXFR", "MAILA", "MAILB", "255", "252", "251", "254", "253"])
_CLASS_IN = 1


def _keep(value):
    return value


def _to_bytes(text):
    # The host gives each byte as one character.
    return text.encode("latin-1")


def _to_bytes_each(texts):
    return tuple(map(_to_bytes, texts))


def _quote(data):
    characters = [f"\\{chr(byte)}" if byte in b'"\\' else chr(byte) if 32 <= byte < 127 else f"\\{byte:03}" for byte in data]
    return f'"{"".join(characters)}"'


def _quote_each(strings):
    return " ".join(map(_quote, strings))


def _with_length(data):
    return len(data), data


def _with_length_each(strings):
    return tuple(map(_with_length, strings))


# A field is made of what the host gives, shown in the presentation form, and compared as it is on the wire.
_NUMBER = (_keep, str, _keep)
_ADDRESS = (_keep, str, lambda text: ipaddress.ip_address(text).packed)
_NAME = (Name, str, write_wire)
_WORD = (_to_bytes, lambda data: data.decode("latin-1"), _with_length)
_STRING = (_to_bytes, _quote, _with_length)
# Without a length: it is the last field.
_REST = (_to_bytes, _quote, _keep)
_STRINGS = (_to_bytes_each, _quote_each, _with_length_each)

# The fields of each type, in the order of the presentation form.
_FIELDS = {
    "A": {"address": _ADDRESS},
    "AAAA": {"address": _ADDRESS},
    "CNAME": {"target": _NAME},
    "NS": {"target": _NAME},
    "PTR": {"target": _NAME},
    "MX": {"preference": _NUMBER, "exchange": _NAME},
    "TXT": {"strings": _STRINGS},
    "SRV": {"priority": _NUMBER, "weight": _NUMBER, "port": _NUMBER, "target": _NAME},
    "SOA": {
        "mname": _NAME,
        "rname": _NAME,
        "serial": _NUMBER,
        "refresh": _NUMBER,
        "retry": _NUMBER,
        "expire": _NUMBER,
        "minimum": _NUMBER,
    },
    "CAA": {"flags": _NUMBER, "tag": _WORD, "value": _REST},
    "NAPTR": {
        "order": _NUMBER,
        "preference": _NUMBER,
        "flags": _STRING,
        "service": _STRING,
        "regexp": _STRING,
        "replacement": _NAME,
    },
}


class Rdata:
    """One record: its fields are its attributes."""

    __slots__ = ("__type", "__values")

    def __init__(self, rdtype, values):
        self.__type = rdtype
        self.__values = {name: make(value) for (name, (make, *_)), value in zip(_FIELDS[rdtype].items(), values)}

    def __getattr__(self, name):
        try:
            return self.__values[name]
        except KeyError:
            raise AttributeError(f"{self.__type!r} object has no attribute {name!r}") from None

    @property
    def rdtype(self):
        return _TYPES[self.__type]

    @property
    def rdclass(self):
        return _CLASS_IN

    def to_text(self):
        fields = _FIELDS[self.__type]
        return " ".join(fields[name][1](value) for name, value in self.__values.items())

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<DNS IN {self.__type} rdata: {self}>"

    def __eq__(self, other):
        return isinstance(other, Rdata) and repr(self).lower() == repr(other).lower()

    def __lt__(self, other):
        if not isinstance(other, Rdata):
            return NotImplemented
        return self.__key() < other.__key()

    def __key(self):
        """Records are ordered as their bytes on the wire are: MX by preference, addresses by number."""
        return (self.rdtype, *(_FIELDS[self.__type][name][2](value) for name, value in self.__values.items()))

    def __hash__(self):
        return hash(repr(self).lower())


class RRset:
    """The records of an answer. `ttl` is 0 where the host cannot tell it."""

    __slots__ = ("__name", "__type", "__ttl", "__records")

    def __init__(self, name, rdtype, ttl, records):
        self.__name, self.__type, self.__ttl = name, rdtype, ttl
        self.__records = tuple(Rdata(rdtype, record) for record in records)

    @property
    def name(self):
        return self.__name

    @property
    def ttl(self):
        return self.__ttl

    @property
    def rdtype(self):
        return _TYPES[self.__type]

    @property
    def rdclass(self):
        return _CLASS_IN

    def to_text(self):
        return "\n".join(f"{self.__name} {self.__ttl} IN {self.__type} {record}" for record in self.__records)

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return f"<DNS {self.__name} IN {self.__type} RRset: [{', '.join(f'<{record}>' for record in self.__records)}]>"

    def __len__(self):
        return len(self.__records)

    def __iter__(self):
        return iter(self.__records)

    def __getitem__(self, index):
        found = self.__records[index]
        return list(found) if isinstance(index, slice) else found


class Answer:
    """`rrset` is None when there is no answer and that was allowed."""

    __slots__ = ("__qname", "__type", "__rrset", "__expiration")

    def __init__(self, qname, rdtype, rrset):
        self.__qname, self.__type, self.__rrset = qname, rdtype, rrset
        self.__expiration = time.time() + (rrset.ttl if rrset is not None else 0)

    @property
    def qname(self):
        return self.__qname

    # The host follows aliases and gives what is at their end, not where that is.
    @property
    def canonical_name(self):
        return self.__qname

    @property
    def rdtype(self):
        return _TYPES[self.__type]

    @property
    def rdclass(self):
        return _CLASS_IN

    @property
    def rrset(self):
        return self.__rrset

    @property
    def expiration(self):
        return self.__expiration

    @property
    def name(self):
        return self.__rrset.name

    @property
    def ttl(self):
        return self.__rrset.ttl

    def __repr__(self):
        return f"<DNS answer {self.__qname} IN {self.__type}>"

    def __len__(self):
        return 0 if self.__rrset is None else len(self.__rrset)

    def __iter__(self):
        return iter(() if self.__rrset is None else self.__rrset)

    def __getitem__(self, index):
        if self.__rrset is None:
            raise IndexError("the answer is empty")
        return self.__rrset[index]


def resolve(
    qname,
    rdtype="A",
    rdclass="IN",
    tcp=False,
    source=None,
    raise_on_no_answer=True,
    source_port=0,
    lifetime=None,
    search=None,
    timeout=None,
):
    """Looks a name up. How the resolvers are reached is the host's business: `tcp`, `source`, `source_port` and
    `search` are taken and not used. `lifetime` is in seconds, and `timeout` is another word for it."""
    text = qname.to_text() if isinstance(qname, Name) else qname
    if not isinstance(text, str):
        raise TypeError("a name is a text or what from_address gives")
    rdtype = _read_type(rdtype)
    if rdclass not in ("IN", "in", _CLASS_IN):
        raise dns_names.DNSException("only class IN is looked up")
    limits = [float(seconds) for seconds in (lifetime, timeout) if seconds is not None]
    try:
        answer = call_host("dns.resolve", [text, rdtype, min(limits, default=None)])
    except NoAnswer:
        if raise_on_no_answer:
            raise
        return Answer(Name(text), rdtype, None)
    name = Name(answer["name"])
    return Answer(name, rdtype, RRset(name, rdtype, answer["ttl"] or 0, answer["records"]))


def query(qname, rdtype="A", rdclass="IN", tcp=False, source=None, raise_on_no_answer=True, source_port=0, lifetime=None):
    """The older name of `resolve`."""
    return resolve(qname, rdtype, rdclass, tcp, source, raise_on_no_answer, source_port, lifetime)


def _read_type(rdtype):
    text = str(rdtype).upper().removeprefix("TYPE")
    if text in _META_TYPES:
        raise NoMetaqueries("DNS metaqueries are not allowed.")
    name = _TYPE_NAMES.get(int(text)) if text.isdecimal() else text
    if name not in _TYPES:
        raise UnknownRdatatype("DNS resource record type is unknown.")
    return name


CONTEXT = {
    "dns": wrap_module(
        resolver=wrap_module(
            resolve=resolve,
            query=query,
            NXDOMAIN=dns_names.NXDOMAIN,
            NoAnswer=NoAnswer,
            NoNameservers=dns_names.NoNameservers,
            NoMetaqueries=NoMetaqueries,
            LifetimeTimeout=dns_names.LifetimeTimeout,
            Timeout=dns_names.LifetimeTimeout,
        ),
        reversename=wrap_module(from_address=from_address, to_address=to_address),
        exception=wrap_module(DNSException=dns_names.DNSException, Timeout=dns_names.Timeout),
    )
}

WAITING_NAMES = {"dns"}
