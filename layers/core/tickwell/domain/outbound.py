"""Where outgoing requests may go: decisions about URLs and addresses that need no network to be made.

An address is judged as what it will be connected to, and so is every IPv4 address that it carries inside
(mapped, 6to4, Teredo, NAT64, ISATAP). Python's own ``is_global`` differs between the supported releases, hence
the tables.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_NEVER = (
    IPv4Network("169.254.0.0/16"),  # link-local: instance, container and pod metadata of AWS and most others
    IPv6Network("fe80::/10"),  # link-local
    IPv6Network("fd00:ec2::/32"),  # the same services of AWS over IPv6
    IPv6Network("fd20:ce::254/128"),  # metadata of Google Cloud over IPv6
    IPv6Network("fd00:c1::a9fe:a9fe/128"),  # metadata of Oracle Cloud over IPv6
    IPv4Network("100.100.100.200/32"),  # metadata of Alibaba Cloud
    IPv4Network("168.63.129.16/32"),  # metadata of Azure, in public space
    IPv4Network("192.0.0.192/32"),  # metadata of Oracle Cloud
)
_NOT_PUBLIC = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # documentation
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_ENDING_IN_IPV4 = (
    IPv6Network("::/96"),
    IPv6Network("::ffff:0:0:0/96"),
    _NAT64,
    IPv6Network("64:ff9b:1::/48"),
)
_ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)
_LONGEST_HOST = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def url_fault(*, scheme: str, userinfo: bool, host: str, port: int | None) -> str | None:
    """What is wrong with the parts of a URL, or None. ``host`` is lower-case ASCII, without brackets."""
    if scheme not in {"http", "https"}:
        return "must begin with http:// or https://"
    if userinfo:
        return "must not contain a user name or password; use an Authorization header"
    if port is not None and not 1 <= port <= 65535:
        return "must have a port from 1 to 65535"
    return host_fault(host)


def host_fault(host: str) -> str | None:
    """What is wrong with a host, or None.

    Numbers in any form but the usual dotted one are refused: they hide addresses.
    """
    if ":" in host:
        return None if _parse(host) is not None else "must have a valid IPv6 address, without a zone"
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return None if _parse(host) is not None else "must have an IPv4 address in the form 192.0.2.1"
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        return "must have a valid host name"
    return None


def host_of(url: str) -> str:
    """The host of a URL that was checked before: the part that logs may show."""
    return urlsplit(url).hostname or ""


def is_literal(host: str) -> bool:
    """Whether ``host`` is an address itself and needs no resolving."""
    return _parse(host) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundRules:
    """Which addresses may be reached: public ones, and what the deployment allows besides.

    A name in ``names`` may resolve to any address but those that are never allowed; an address in ``addresses``
    may be reached by any name.
    """

    names: frozenset[str] = frozenset()
    addresses: frozenset[Address] = frozenset()

    @classmethod
    def allowing(cls, entries: Iterable[str]) -> "OutboundRules":
        """Rules with exceptions for exact addresses or names.

        Raises ValueError for anything else, networks included.
        """
        names, addresses = set(), set()
        for entry in entries:
            plain = entry.strip().lower().removesuffix(".")
            address = _parse(plain)
            if address is not None:
                addresses.add(_plain(address))
            elif host_fault(plain) is None:
                names.add(plain)
            else:
                raise ValueError(f"{entry!r} is neither an exact address nor a host name in ASCII")
        return cls(names=frozenset(names), addresses=frozenset(addresses))

    def never_reached(self) -> list[Address]:
        """Those of the exceptions that are of no avail, because nothing may lead there."""
        return [address for address in sorted(self.addresses, key=str) if _is_never_reached(address)]

    def allow(self, host: str, addresses: Sequence[str]) -> bool:
        """Whether ``host``, which resolves to ``addresses``, may be reached: every single one must be allowed."""
        name = host.lower().removesuffix(".")
        return bool(addresses) and all(self._allows(name, text) for text in addresses)

    def tls_fault(self, url: str) -> str | None:
        """What is wrong with a URL that others must not answer for: plain http is for hosts that are allowed here.

        Where it leads is not judged. Raises ValueError for what is no URL.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(".")
        excepted = host in self.names or _parse(host) in self.addresses
        fault = url_fault(scheme=parts.scheme, userinfo="@" in parts.netloc, host=host, port=parts.port)
        return fault or (None if parts.scheme == "https" or excepted else "must begin with https://")

    def _allows(self, name: str, text: str) -> bool:
        address = _parse(text)
        if address is None:
            return False
        plain = _plain(address)
        if _is_never_reached(plain):
            return False
        return name in self.names or plain in self.addresses or _is_public(plain)


def _is_never_reached(plain: Address) -> bool:
    return any(_within(part, _NEVER) for part in (plain, *_carried(plain)))


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id is not None else address


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _carried(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a tunnel or a gateway would make of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo is not None:
        return address.teredo
    if address.sixtofour is not None:
        return (address.sixtofour,)
    is_isatap = (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP_MARKS
    if is_isatap or _within(address, _ENDING_IN_IPV4):
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return ()


def _is_public(address: Address) -> bool:
    if _within(address, _NOT_PUBLIC):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global
    if address not in _NAT64 and (address not in _GLOBAL_UNICAST or not address.is_global):
        return False
    return all(_is_public(carried) for carried in _carried(address))


def _within(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
