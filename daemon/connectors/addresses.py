"""Which addresses may be asked: no metadata of a cloud, a private network only when that is meant.

Loads nothing of the network: the configuration is judged by it too.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Names of this very machine."""
METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))
"""Where clouds hand out keys, besides the link-local addresses."""
NAT64 = ip_network("64:ff9b::/96")
"""Addresses by which a network without IPv4 reaches IPv4."""


class Forbidden(Exception):
    """An address that is not asked; says which sort of address it is."""


def judge(address: str, *, private: bool) -> None:
    """``Forbidden`` unless this IP address may be asked. ``private``: those of private networks
    may be too."""
    for one in _meant(ip_address(address.partition("%")[0])):
        if one.is_link_local or one in METADATA:
            raise Forbidden("an address of the link or of a cloud's metadata service")
        if one.is_multicast or one.is_unspecified or (one.is_reserved and one.version == 4):
            raise Forbidden("no address of a server")
        if not private and not one.is_global:
            raise Forbidden("an address of a private network")


def judge_host(host: str, *, private: bool) -> None:
    """As ``judge`` where a host is given as an IP address; a name is judged when it is resolved."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not found.is_loopback:
        judge(host, private=private)


def _meant(address: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, or the IPv4 address that it wraps."""
    if isinstance(address, IPv4Address):
        return [address]
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    return [address]
