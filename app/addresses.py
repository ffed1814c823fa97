"""Which network addresses Earmark may connect to on a stranger's word.

Feeds name addresses that Earmark then opens, so a feed could point it at services that only
this machine or its network can reach. ``is_global`` of the standard library is not enough: it
admits multicast, IPv4-compatible IPv6 and addresses that a NAT64 gateway maps to private ones.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NEVER_V4 = [
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
]
_UNICAST_V6 = IPv6Network("2000::/3")
_NEVER_V6 = [
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds an IPv4 address
        "3fff::/20",  # documentation
    )
]
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether a numeric address belongs to the public internet. Raises ValueError."""
    found = ip_address(address.partition("%")[0])
    return _public_v4(found) if isinstance(found, IPv4Address) else _public_v6(found)


def _public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in block for block in _NEVER_V4)


def _public_v6(address: IPv6Address) -> bool:
    if address.ipv4_mapped is not None:
        return _public_v4(address.ipv4_mapped)
    if address in _NAT64:  # hosts without IPv4 reach it through such a gateway
        return _public_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    in_use = address in _UNICAST_V6 and not any(address in block for block in _NEVER_V6)
    return in_use and address.is_global


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The documented opt-out: all private networks, or some hosts and ports on them."""

    everything: bool = False
    places: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Exceptions":
        """Read ``1`` or ``host:port,...``. Raises ValueError with the form that is wanted."""
        if text.strip() in {"", "0"}:
            return cls()
        if text.strip() == "1":
            return cls(everything=True)
        return cls(places=frozenset(_place(part.strip()) for part in text.split(",")))

    def allow(self, host: str, port: int) -> bool:
        """Whether this host, as the address spells it, is exempt from the guard."""
        return self.everything or (host.strip("[]").lower(), port) in self.places


def _place(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(
            "EARMARK_ALLOW_PRIVATE_NETWORKS takes 1 (all private networks) or"
            f" host:port,... such as 127.0.0.1:8081, not {text!r}"
        )
    return host.strip("[]").lower(), int(port)
