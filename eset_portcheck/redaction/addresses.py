"""Pseudonyms for addresses that keep prefixes: what shared its first n bits still shares its first n bits, and nothing
more.

No key: at each branching the bit that comes first in the report becomes the bit of a fixed pattern (first host .1), the
other one its complement. So the same report always comes out alike, and a redacted report is redacted to itself. What
remains visible is which addresses lie together and how closely.

| kind | kept | for the rest |
|---|---|---|
| loopback, unspecified, multicast, broadcast | all | |
| private (10/8, 172.16/12, 192.168/16), carrier (100.64/10), link-local, unique local | the kind's prefix | every bit |
| other IPv4 | nothing: 240.0.0.0/4 (reserved) | a number for the first 16 bits, every bit behind |
| other IPv6 | nothing: 2001:db8::/32 (documentation) | a number for the first 48 bits, every bit behind |

Source: the idea of prefix preservation is Crypto-PAn's (Xu, Fan, Ammar, Moon 2002); RFC 1918, 4193, 6598, 1112, 3849.
"""

import ipaddress

from eset_portcheck.model.addresses import IPAddress, parse_address, split_zone

_KEPT = {
    4: [
        ipaddress.ip_network(text)
        for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
    ],
    6: [ipaddress.ip_network(text) for text in ("fe80::/10", "fc00::/8", "fd00::/8")],
}
_ELSEWHERE = {4: (ipaddress.ip_address("240.0.0.0"), 4, 16), 6: (ipaddress.ip_address("2001:db8::"), 32, 48)}
_PATTERN = 1  # the bits of the first host: ...0001


class Addresses:
    """Address -> pseudonym; grows with what it is asked for."""

    def __init__(self) -> None:
        self._first: dict[
            tuple[int, int, int], int
        ] = {}  # (version, length, prefix) -> the bit that came first behind it
        # Leading bits of what is outside of _KEPT -> their number.
        self._blocks: dict[int, dict[int, int]] = {
            4: {},
            6: {},
        }

    def pseudonym(self, address: IPAddress, length: int | None = None) -> IPAddress:
        """`length`: of a network, whose host bits stay empty."""
        if address.is_loopback or address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
            return address
        bits, number = address.max_prefixlen, int(address)
        kept = next((network.prefixlen for network in _KEPT[address.version] if address in network), None)
        if kept is not None:
            out, start = number >> (bits - kept), kept
        else:
            base, base_bits, block_bits = _ELSEWHERE[address.version]
            blocks = self._blocks[address.version]
            index = blocks.setdefault(number >> (bits - block_bits), len(blocks))
            room = block_bits - base_bits
            out = (int(base) >> (bits - base_bits) << room) | min(index, (1 << room) - 1)
            start = block_bits
        for at in range(start, bits):
            prefix, bit = number >> (bits - at), number >> (bits - at - 1) & 1
            if length is not None and at >= length:
                out <<= 1
                continue
            first = self._first.setdefault((address.version, at, prefix), bit)
            pattern = _PATTERN >> (bits - at - 1) & 1
            out = out << 1 | (pattern if bit == first else 1 - pattern)
        return ipaddress.ip_address(out.to_bytes(bits // 8, "big"))


def network_of(text: str) -> tuple[IPAddress, str, int | None] | None:
    """ "10.0.0.0/8", "fe80::1%eth0" -> (address, zone with its sign, length); None for anything else."""
    bare, slash, length = text.partition("/")
    address, (_, zone) = parse_address(bare), split_zone(bare)
    if address is None:
        return None
    if slash and not (length.isdigit() and len(length) < 4 and int(length) <= address.max_prefixlen):
        return None
    return address, "" if zone is None else f"%{zone}", int(length) if slash else None
