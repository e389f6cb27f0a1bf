"""Linux: the packet filter of this network namespace, read when first asked and then kept for the run."""

from functools import cached_property
from pathlib import Path

import msgspec

from eset_portcheck.host import nftables
from eset_portcheck.model.host import Interface, LocalFirewall
from eset_portcheck.packet_filter import predictions
from eset_portcheck.packet_filter.evaluation import predict
from eset_portcheck.packet_filter.flow import Flow, Prediction
from eset_portcheck.packet_filter.outline import outline
from eset_portcheck.packet_filter.ruleset import Ruleset


class Netfilter:
    """Rules of nftables and iptables."""

    @cached_property
    def _reading(self) -> nftables.Reading:
        return nftables.read()

    @cached_property
    def _ruleset(self) -> Ruleset:
        return Ruleset(self._reading.objects)

    def facts(self, ports: frozenset[int], interfaces: list[Interface]) -> LocalFirewall:
        told = self._reading
        found = LocalFirewall(state=told.state, source=told.source, why=told.why)
        if told.state not in nftables.DECIDED:
            return found
        found = predictions.within(found, outline(told.objects))
        asked = predictions.inbound(self._ask, ports, interfaces) if ports else None
        return msgspec.structs.replace(found, predictions=asked)

    def predict(self, flow: Flow) -> Prediction | None:
        if self._reading.state not in nftables.DECIDED:
            return None
        return self._ask(msgspec.structs.replace(flow, ports=self._given_out) if flow.direction == "out" else flow)

    @cached_property
    def _given_out(self) -> tuple[int, int]:
        """Ports of clients of this host (ip(7), ip_local_port_range)."""
        try:
            first, last = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
            return int(first), int(last)
        except (OSError, ValueError):
            return 1024, 65535

    def _ask(self, flow: Flow) -> Prediction:
        return predict(self._ruleset, flow)
