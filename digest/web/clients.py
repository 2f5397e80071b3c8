"""Which network a request comes from: that of the nearest hop that is not one of the operator's own proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import Request

_Ip = IPv4Address | IPv6Address


def network_of(request: Request, *, trusted: Sequence[str]) -> str:
    """The /24 or /64 of whoever asks, an empty text where that is not known.

    `trusted` are networks of proxies. X-Forwarded-For is read from its end, where the nearest proxy wrote, up to the
    first that is not trusted: what a client writes there itself stands before that.
    """
    hops = [hop.strip() for line in request.headers.getlist("X-Forwarded-For") for hop in line.split(",")]
    client = _ip(request.client.host) if request.client else None
    while client is not None and _is_trusted(client, trusted):
        client = _ip(hops.pop()) if hops else None
    if client is None:
        return ""
    return str(ip_network((client, 24 if client.version == 4 else 64), strict=False))


def _is_trusted(client: _Ip, trusted: Sequence[str]) -> bool:
    return any(client in ip_network(network, strict=False) for network in trusted)


def _ip(text: str) -> _Ip | None:
    """The address, an IPv4 one that is written as IPv6 as itself; None for what is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
