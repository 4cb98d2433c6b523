"""Addresses of hosts, and which of them a tenant's webhook may call: the world, not the house."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from campaigns.sender.deadline import Address

Network = IPv4Network | IPv6Network

#: Ways in which an IPv6 address stands for any IPv4 address, a private one too.
TRANSLATED = [ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class RefusedHostError(Exception):
    """The host has an address that must not be called."""


def addresses_of(host: str, port: int) -> list[Address]:
    """All of them, in the resolver's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def public_addresses_of(host: str, port: int, allowed: Collection[Network]) -> list[Address]:
    """The same, for a host that a tenant names. What was looked at is what is connected to, so that a name which
    changes between the two gains nothing. Raises OSError, RefusedHostError."""
    found = addresses_of(host, port)
    for _, (text, *_) in found:
        if not is_public(text, allowed):
            raise RefusedHostError(f"{host} has the address {text}, which is not on the internet")
    return found


def is_public(text: str, allowed: Collection[Network] = ()) -> bool:
    """Whether an address belongs to the internet, or to a network that is allowed."""
    address = ip_address(text.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address.version == network.version and address in network for network in allowed):
        return True
    translated = any(address.version == network.version and address in network for network in TRANSLATED)
    return address.is_global and not address.is_multicast and not translated


@cache
def tls() -> ssl.SSLContext:
    """Certificates are checked against those the machine trusts. Reading them takes longer than a handshake."""
    return ssl.create_default_context()


@cache
def own_name() -> str:
    """How this machine greets a mail server. Looking it up may take a while, so that is done once."""
    return socket.getfqdn()
