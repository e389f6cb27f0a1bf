"""The stages against stand-ins on loopback: what is recorded, never judged."""

import asyncio
import socket
import time
from typing import Any

import msgspec
import pytest

from eset_portcheck import standins
from eset_portcheck.model.evidence import Distance
from eset_portcheck.model.stage_detail import NOTHING
from eset_portcheck.model.vocabulary import Failure, Stage
from eset_portcheck.standins import broker, certificates, misbehaving, server, serving, web
from tests.net.conftest import Dial
from tests.net.memory import peak_growth

CA = certificates.Authority("Test CA")
NAME = "protect.demo.example"


def tls(**options: Any) -> Any:
    names = options.pop("names", [NAME])
    period = options.pop("period", certificates.VALID)
    return certificates.server_context(CA.issue(names, period=period), **options)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(
    ("wanted", "seen"), [("none", "not-requested"), ("optional", "requested"), ("required", "required")]
)
async def test_tls_and_its_client_certificate(dial: Dial, version: Any, wanted: Any, seen: str) -> None:
    context = tls(version=version, client_certificate=wanted, authority=CA)
    async with serving.serve(server.replication, tls=context) as address:
        (attempt,) = (await dial("tls", address, ca=CA.pem)).attempts
    assert attempt.failed is None
    assert attempt.tls is not None
    assert (attempt.tls.version, attempt.tls.client_certificate) == (f"TLSv{version}", seen)
    assert (attempt.tls.public, attempt.tls.site, attempt.tls.name_matches, attempt.tls.expired) == (
        "trusted",
        "trusted",
        True,
        False,
    )


async def test_a_foreign_chain_is_recorded_without_lowering_what_is_judged(dial: Dial) -> None:
    context = tls(names=["other.example"], period=certificates.EXPIRED)
    async with serving.serve(server.replication, tls=context) as address:
        (attempt,) = (await dial("tls", address)).attempts
    assert attempt.failed is None
    assert attempt.tls is not None
    assert (attempt.tls.public, attempt.tls.name_matches, attempt.tls.expired) == ("untrusted", False, True)
    assert attempt.tls.chain[0].names == ["other.example"]


@pytest.mark.parametrize(
    ("handler", "failure", "evidence"),
    [
        (misbehaving.tarpit, Failure.TIMEOUT, {"small-segments": {"completed": False}}),
        (misbehaving.accept_reset, Failure.CONNECTION_RESET, {"silent-control": {"end": "reset"}}),
        (misbehaving.accept_close, Failure.EOF, {"silent-control": {"end": "closed"}}),
        (misbehaving.reset_on_first_bytes, Failure.CONNECTION_RESET, {"silent-control": {"end": "open"}}),
        (misbehaving.garbage, Failure.NOT_TLS, {}),
        (misbehaving.half_record, Failure.EOF, {}),
        (misbehaving.banner(b"SSH-2.0-OpenSSH_9.2p1\r\n"), Failure.NOT_TLS, {}),
        (
            misbehaving.slow_drip(b"\x16\x03\x03\x40\x00" + bytes(64), 0.2),
            Failure.TIMEOUT,
            {"small-segments": {"completed": False}},
        ),
    ],
    ids=["tarpit", "accept-reset", "accept-close", "reset-on-hello", "garbage", "half-record", "ssh", "slow"],
)
async def test_misbehaving_peers(
    dial: Dial, handler: Any, failure: Failure, evidence: dict[str, dict[str, Any]]
) -> None:
    async with serving.serve(handler) as address:
        seen = await dial("tls", address, timeout_s=1.0 if failure is Failure.TIMEOUT else 30.0)
    broken = seen.attempts[0].failed
    assert broken is not None
    if broken.stage is Stage.CONNECT:  # a reset may win the race against the connect
        assert broken.failure in (Failure.CONNECTION_RESET, Failure.EOF)
        return
    assert (broken.stage, broken.failure) == (Stage.TLS, failure)
    found = {one.kind: msgspec.to_builtins(one) for one in seen.evidence}
    for kind, facts in evidence.items():
        assert facts.items() <= found[kind].items()


async def test_a_closed_port_and_how_far_away_it_was(dial: Dial) -> None:
    async with serving.closed_port() as address:
        seen = await dial("tls", address)
    broken = seen.attempts[0].failed
    assert broken is not None
    assert (broken.stage, broken.failure) == (Stage.CONNECT, Failure.CONNECTION_REFUSED)
    (distance,) = [one for one in seen.evidence if isinstance(one, Distance)]
    assert distance.refused_ttl == distance.controls[0].ttl


async def test_one_connection_decides_a_healthy_row(dial: Dial) -> None:
    connections = 0

    async def counting(stream: Any) -> None:
        nonlocal connections
        connections += 1
        await server.replication(stream)

    async with serving.serve(counting, tls=tls()) as address:
        await dial("tls", address, ca=CA.pem)
    assert connections == 1


@pytest.mark.parametrize("code", [0, 1, 5])
async def test_mqtt_over_tls(dial: Dial, code: int) -> None:
    async with serving.serve(broker.broker(code), tls=tls()) as address:
        (attempt,) = (await dial("mqtt", address, ca=CA.pem)).attempts
    assert attempt.reply is not None
    assert attempt.reply["code"] == code
    assert [record.stage for record in attempt.stages] == [
        Stage.RESOLVE,
        Stage.ROUTE,
        Stage.CONNECT,
        Stage.TLS,
        Stage.HANDSHAKE,
    ]


async def test_http(dial: Dial) -> None:
    async with serving.serve(web.website(web.repository)) as address:
        (attempt,) = (await dial("http", address, path="/v1/info.meta")).attempts
    assert attempt.reply is not None
    assert attempt.reply["status"] == 200


@pytest.mark.parametrize(
    ("policy", "status"), [("open", None), ("authenticate", 407), ("no-connect", 403), ("unavailable", 503)]
)
async def test_the_tunnel_and_the_ladder_inside_it(dial: Dial, policy: str, status: int | None) -> None:
    from eset_portcheck.standins.proxy import Policy, proxy

    known = {one.value: one for one in Policy}
    if policy not in known:
        pytest.fail(f"the stand-in's policies are {sorted(known)}")
    async with (
        serving.serve(server.replication, tls=tls()) as behind,
        serving.serve(proxy({f"{NAME}:2222": behind}, known[policy])) as address,
    ):
        (attempt,) = (await dial("tls", (NAME, 2222), ca=CA.pem, proxy=address)).attempts
    if status is None:
        assert {Stage.CONNECT, Stage.TUNNEL, Stage.TLS} <= attempt.done
        return
    broken = attempt.failed
    assert broken is not None
    assert (broken.stage, broken.failure, broken.detail.status) == (Stage.TUNNEL, Failure.PROXY_REFUSED, status)


@pytest.mark.parametrize("protocol", ["tls", "mqtt", "http", "smb", "nbss", "ssh", "ldap", "tds", "mysql", "apns"])
async def test_64_mib_of_junk_do_not_stay(dial: Dial, protocol: str) -> None:
    async with serving.serve(misbehaving.junk(64)) as address:
        await dial(protocol, address)  # what is imported for it is no growth
        with peak_growth() as grown_bytes:
            seen = await dial(protocol, address)
            assert grown_bytes() < 8 << 20
    assert seen.error is None
    assert seen.attempts[0].failed is not None


async def test_a_stalled_loop_does_not_make_an_open_port_silent(dial: Dial) -> None:
    async with serving.serve(server.replication, tls=tls()) as address:
        asyncio.get_running_loop().call_later(0.02, time.sleep, 2.5)
        (attempt,) = (await dial("tls", address, ca=CA.pem, timeout_s=2.0)).attempts
    assert attempt.failed is None


async def test_datagrams_icmp_and_silence(dial: Dial) -> None:
    from eset_portcheck.model.vocabulary import Transport

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = silent.getsockname()
        quiet = await dial("nbns", address, transport=Transport.UDP, timeout_s=1.0)
    closed = await dial("nbns", address, transport=Transport.UDP)
    assert quiet.attempts[0].failed is not None
    assert quiet.attempts[0].failed.failure is Failure.TIMEOUT
    assert closed.attempts[0].failed is not None
    assert closed.attempts[0].failed.failure is Failure.CONNECTION_REFUSED
    assert closed.attempts[0].icmp is not None
    assert (closed.attempts[0].icmp.type, closed.attempts[0].icmp.code) == (3, 3)


async def test_an_answer_of_another_kind_is_not_taken(dial: Dial) -> None:
    from eset_portcheck.model.vocabulary import Transport

    class Junk(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, address: Any) -> None:
            self.transport.sendto(b"\x00" * 7, address)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Junk, local_addr=("127.0.0.1", 0))
    seen = await dial("kerberos", transport.get_extra_info("sockname"), transport=Transport.UDP, timeout_s=2.0)
    transport.close()
    broken = seen.attempts[0].failed
    assert broken is not None
    assert broken.failure is Failure.TIMEOUT
    assert broken.detail.strangers


async def test_datagrams_from_elsewhere_say_nothing_of_the_host(dial: Dial) -> None:
    """However many: anybody may send to our port."""
    from eset_portcheck.model.vocabulary import Transport

    class Elsewhere(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, address: Any) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.0.2", 0))
                for _ in range(100):
                    other.sendto(data, address)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Elsewhere, local_addr=("127.0.0.1", 0))
    seen = await dial("nbns", transport.get_extra_info("sockname"), transport=Transport.UDP, timeout_s=1.0)
    transport.close()
    broken = seen.attempts[0].failed
    assert broken is not None
    assert (broken.failure, broken.detail) == (Failure.TIMEOUT, NOTHING)


async def test_a_bug_of_ours_is_an_observation(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    from eset_portcheck import protocols
    from eset_portcheck.protocols import mqtt

    def broken(_peer: object) -> Any:
        raise AttributeError("with a secret in it")

    spoilt = msgspec.structs.replace(mqtt.PROTOCOL, converse=broken)
    monkeypatch.setattr(protocols, "find", lambda _name: spoilt)
    async with serving.serve(broker.broker(), tls=tls()) as address:
        seen = await dial("mqtt", address)
    assert seen.error is not None
    assert "AttributeError" in seen.error
    assert "secret" not in seen.error


def test_the_package_of_standins_is_whole() -> None:
    assert standins.__doc__
