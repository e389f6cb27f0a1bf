"""Which ports packets came through to, whether anything answers them or not: a set that the kernel fills. Accepts
everything."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.laboratory import Lab

_TABLE = """
table inet watch {{
  set four {{ typeof ip daddr . meta l4proto . th dport; flags dynamic; size 131072; }}
  set six {{ typeof ip6 daddr . meta l4proto . th dport; flags dynamic; size 131072; }}
  chain c {{
    type filter hook {hook} priority {priority};
    {only} meta l4proto {{ tcp, udp }} ct state new add @four {{ ip daddr . meta l4proto . th dport }}
    {only} meta l4proto {{ tcp, udp }} ct state new add @six {{ ip6 daddr . meta l4proto . th dport }}
  }}
}}
"""


class Watch:
    def __init__(self, lab: Lab, node: str) -> None:
        self._lab, self._node = lab, node

    def ports(self, address: str, transport: str) -> list[int]:
        """Ports of an address that a first packet came to; they are forgotten when told."""
        name = "six" if ":" in address else "four"
        listed = json.loads(self._lab.net.shell(self._node, f"nft -j list set inet watch {name}"))
        told = [one["set"].get("elem", []) for one in listed["nftables"] if "set" in one]
        keys = [key["concat"] for elements in told for key in elements]
        self._lab.net.shell(self._node, f"nft flush set inet watch {name}")
        return sorted(port for to, protocol, port in keys if to == address and protocol == transport)


@contextmanager
def watching(lab: Lab, node: str, *, leaving: str = "") -> Iterator[Watch]:
    """What reaches `node` itself, behind every other filter of it; or, at the router, what came from the wire
    `leaving`."""
    hook, priority, only = ("prerouting", -100, f"iifname {leaving}") if leaving else ("input", 300, "")
    text = _TABLE.format(hook=hook, priority=priority, only=only)
    lab.net.shell(node, f"nft -f - <<'EOF'\n{text}\nEOF")
    try:
        yield Watch(lab, node)
    finally:
        lab.net.shell(node, "nft delete table inet watch")
