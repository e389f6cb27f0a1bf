"""Dialling on loopback: one endpoint, the real engine, stand-ins on the other end."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from eset_portcheck.certificates.judge import Judge
from eset_portcheck.model.host import Host
from eset_portcheck.model.observation import Observation
from eset_portcheck.model.plan import Check, Endpoint, Options
from eset_portcheck.model.vocabulary import Direction, Listener, Proof, Transport, Trust
from eset_portcheck.running import Runner

Dial = Callable[..., Awaitable[Observation]]


@pytest.fixture
def dial(tmp_path: Path) -> Dial:
    """dial(protocol, (host, port), **endpoint fields) -> Observation; `timeout_s`, `ca` and `host` are the run's.

    The time-out is one that a busy machine keeps; who waits for silence says a short one.
    """

    async def run(
        protocol: str,
        address: tuple[str, int],
        *,
        timeout_s: float = 30.0,
        budget_s: float = 200.0,
        evidence: bool = True,
        ca: bytes | None = None,
        host: Host | None = None,
        **fields: Any,
    ) -> Observation:
        transport = fields.pop("transport", Transport.TCP)
        endpoint = Endpoint(
            **{
                "transport": transport,
                "host": address[0],
                "port": address[1],
                "protocol": protocol,
                "trust": Trust.SITE,
                "server_name": "protect.demo.example",
            }
            | fields
        )
        check = Check(
            id="x.y.tcp-1",
            role="x",
            target_key="y",
            direction=Direction.OUTBOUND,
            transport=transport,
            port=address[1],
            protocol=protocol,
            target=address[0],
            listener=Listener.SERVER,
            required=True,
            required_proof=Proof.TLS,
            source="",
            endpoint=endpoint,
        )
        file = None
        if ca is not None:
            file = tmp_path / "ca.pem"
            file.write_bytes(ca)
        judge = Judge(str(file) if file else None, str(file) if file else None)
        outcome = await Runner(
            Options(timeout_s=timeout_s, budget_s=budget_s, evidence=evidence),
            host or Host(default_families=["ipv4"]),
            judge,
        ).run([check])
        return outcome.observations[endpoint]

    return run
