"""`tldextract`: the parts of a host name. The host knows the public suffix list."""

import ipaddress

from host import call_host
from modules import wrap_module


class ExtractResult(tuple):
    """`(subdomain, domain, suffix, is_private)`, by position and by name."""

    __slots__ = ()

    def __new__(cls, subdomain, domain, suffix, is_private):
        return tuple.__new__(cls, (subdomain, domain, suffix, is_private))

    @property
    def subdomain(self):
        return self[0]

    @property
    def domain(self):
        return self[1]

    @property
    def suffix(self):
        return self[2]

    @property
    def is_private(self):
        return self[3]

    @property
    def registered_domain(self):
        """`bbc.co.uk`; empty without a suffix."""
        return f"{self.domain}.{self.suffix}" if self.domain and self.suffix else ""

    top_domain_under_public_suffix = registered_domain

    @property
    def fqdn(self):
        if not self.suffix or not (self.domain or self.is_private):
            return ""
        return ".".join(part for part in self[:3] if part)

    @property
    def reverse_domain_name(self):
        below = self.subdomain.split(".")[::-1] if self.subdomain else []
        return ".".join([self.suffix, self.domain, *below])

    @property
    def ipv4(self):
        return self.domain if self.__is_address(ipaddress.IPv4Address, self.domain) else ""

    @property
    def ipv6(self):
        inside = self.domain[1:-1]
        in_brackets = self.domain == f"[{inside}]"
        return inside if in_brackets and self.__is_address(ipaddress.IPv6Address, inside) else ""

    def __is_address(self, kind, text):
        if self.suffix or self.subdomain:
            return False
        try:
            kind(text)
        except ValueError:
            return False
        return True

    def __repr__(self):
        subdomain, domain, suffix, is_private = self
        return f"ExtractResult({subdomain=!r}, {domain=!r}, {suffix=!r}, {is_private=!r})"

    def _asdict(self):
        return dict(zip(("subdomain", "domain", "suffix", "is_private"), self))


def extract(url, include_psl_private_domains=False, session=None):
    """Takes a URL, or a part of one, apart. `session` is taken and not used."""
    if not isinstance(url, str):
        raise TypeError("extract takes a text")
    return ExtractResult(*call_host("domains.extract", [url, bool(include_psl_private_domains)]))


CONTEXT = {"tldextract": wrap_module(extract=extract)}

WAITING_NAMES = {"tldextract"}
