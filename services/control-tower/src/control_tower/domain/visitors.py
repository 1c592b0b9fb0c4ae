"""How often one address may come to the public pages."""

from collections import Counter
from ipaddress import IPv6Address, ip_address

WINDOW_SECONDS = 60.0
MOST_ADDRESSES = 50_000
"""Addresses counted apart; all beyond share one count, so that a flood of addresses costs no memory."""
REST = "the rest"


class Visitors:
    """Counts the calls of each address minute by minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._counts: Counter[str] = Counter()
        self._until = 0.0

    def admit(self, address: str, now: float) -> bool:
        """Say whether an address may come once more; `now` is in seconds of a steady clock."""
        if now >= self._until:
            self._counts.clear()
            self._until = now + WINDOW_SECONDS
        key = network(address)
        if key not in self._counts and len(self._counts) >= MOST_ADDRESSES:
            key = REST
        self._counts[key] += 1
        return self._counts[key] <= self._per_minute


def address_of(peer: str, forwarded: str, proxies: int) -> str:
    """Return the visitor's address: the peer's, or what the outermost of so many own proxies says of its peer."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return hops[-proxies] if 0 < proxies <= len(hops) else peer


def network(address: str) -> str:
    """Return what is counted as one visitor: an IPv4 address, or the /64 an IPv6 visitor may choose addresses from."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    return found.exploded[:19] if isinstance(found, IPv6Address) else str(found)
