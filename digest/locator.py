"""Where things are on the net, as operators write it down: each check returns the text, or raises ValueError."""

import re
from email.utils import getaddresses
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import idna

_VISIBLE = re.compile(r"[!-~]+")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{2,63}(?<!-)")


def site_url(text: str) -> str:
    """The address of a site or a service, without the slash at its end."""
    parts = urlsplit(text)
    whole = parts.scheme in {"http", "https"} and parts.hostname and not (parts.query or parts.fragment)
    if not whole or parts.port == 0 or not _VISIBLE.fullmatch(text):
        raise ValueError("is not the address of a site; write https://papers.example.org, all in ASCII")
    if parts.username is not None:
        raise ValueError("holds a user name; write it without")
    return text.rstrip("/")


def feed_url(text: str) -> str:
    """The address of a feed, which may have a query."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not _VISIBLE.fullmatch(text):
        raise ValueError("is not the address of a feed; write https://example.org/feed.xml, all in ASCII")
    if parts.username is not None or parts.fragment:
        raise ValueError("holds a user name or a fragment; write it without")
    return text


def host(text: str) -> str:
    """A host's name or address, perhaps with a port, as it stands in an address of the web."""
    try:
        parts = urlsplit(f"//{text}")
        whole = parts.netloc == text and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not _VISIBLE.fullmatch(text):
        raise ValueError("is not a host; write one such as intranet.example.org, 10.0.0.5 or localhost:8080")
    return text


def network(text: str) -> str:
    """An IP address, or a network of them."""
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError("is not an IP address or network; write one such as 10.0.0.5 or 10.0.0.0/8") from error
    return text


def host_and_port(url: str) -> str:
    """The host of an address, with its port."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"


def is_this_machine(host: str) -> bool:
    """Whether the host is a loopback address, or localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def is_inside(url: str) -> bool:
    """Whether an address says by itself that it is inside of a network: an IP address, or a name without a dot.

    A name with dots may be given any address by whoever runs its domain.
    """
    name = urlsplit(url).hostname or ""
    return "." not in name.rstrip(".") or bool(re.fullmatch(r"[\d.]+", name))


def domain(text: str) -> str:
    """A domain as it stands in the DNS."""
    if not _DOMAIN.fullmatch(text):
        raise ValueError("is not a domain; write one such as example.org, in lower case and ASCII (xn--...)")
    return text


def domain_of(mailbox: str) -> str:
    """The domain of `Name <address>` as it stands in the DNS, or as it was written where it cannot."""
    [(_, address)] = getaddresses([mailbox])
    written = address.rpartition("@")[2].lower()
    try:
        return written if written.isascii() else idna.encode(written, uts46=True).decode()
    except idna.IDNAError:
        return written


def are_aligned(one: str, other: str) -> bool:
    """Whether one domain is the other, or inside of it: what DMARC asks of the two (RFC 7489, 3.1.1), or stricter."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
