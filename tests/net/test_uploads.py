"""After a handshake that went well on a replication port: a large first message, and what its silence is worth."""

import contextlib
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.evidence import LargeHello
from eset_portcheck.model.host import Host
from eset_portcheck.model.report import Row
from eset_portcheck.model.vocabulary import Phase, Proof, Stage
from eset_portcheck.net.uploads import HELLO_BYTES, PIECE_BYTES
from eset_portcheck.standins import serving
from eset_portcheck.standins.certificates import Authority, server_context
from tests.net.conftest import Dial
from tests.unit.rows import TARGET, attempt, row, tls


async def behind(dial: Dial, passes: Callable[[bytes], bool], **fields: Any) -> tuple[Any, list[int]]:
    """A TLS server to which nothing comes that `passes` refuses, nor what follows it on that connection. The sizes of
    what came first on each."""
    context = server_context(Authority().issue(["protect.demo.example"]))
    first: list[int] = []

    async def peer(stream: Any) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls_of_it = context.wrap_bio(incoming, outgoing, server_side=True)
        number = 0
        while (chunk := await stream.receive()) and passes(chunk):
            first.extend([len(chunk)] if number == 0 else [])
            number += 1
            incoming.write(chunk)
            with contextlib.suppress(ssl.SSLWantReadError):
                tls_of_it.do_handshake()
            if outgoing.pending:
                await stream.send(outgoing.read())
        first.extend([len(chunk)] if number == 0 else [])
        while chunk:
            chunk = await stream.receive()

    async with serving.serve(peer) as address:
        seen = await dial("tls", address, **{"uploads": True, "timeout_s": 4.0} | fields)
    return seen, first


def of_size(observation: Any) -> list[LargeHello]:
    return [one for one in observation.evidence if isinstance(one, LargeHello)]


async def test_a_large_first_message_that_is_answered_leaves_no_word(dial: Dial) -> None:
    seen, first = await behind(dial, lambda _: True)
    assert of_size(seen) == []
    assert first[1:] == [HELLO_BYTES], "one connection more"


async def test_a_hole_for_large_packets_is_seen(dial: Dial) -> None:
    seen, first = await behind(dial, lambda chunk: len(chunk) <= 1400)
    (found,) = of_size(seen)
    assert (found.hello_bytes, found.again, found.in_pieces) == (HELLO_BYTES, "silent", "answered")
    assert sorted(first[1:]) == [PIECE_BYTES, HELLO_BYTES, HELLO_BYTES], "three connections, and no more"
    assert seen.attempts[0].failed is None


async def test_a_server_that_cannot_read_it_is_no_hole(dial: Dial) -> None:
    """It takes the plain one, and nothing else, in whatever pieces."""
    whole = [0]

    def plain_only(chunk: bytes) -> bool:
        whole[0] += 1
        return whole[0] == 1

    seen, _ = await behind(dial, plain_only)
    assert [one.lost_for_its_size for one in of_size(seen)] in ([False], [])


async def test_only_where_clients_upload(dial: Dial) -> None:
    seen, first = await behind(dial, lambda chunk: len(chunk) <= 1400, uploads=False)
    assert (of_size(seen), len(first)) == ([], 1)


def told(evidence: LargeHello, **changed: Any) -> Row:
    seen = attempt(Stage.RESOLVE, Stage.ROUTE, Stage.CONNECT, Stage.TLS, tls=tls(site="trusted"), reply={})
    return diagnose([row(seen, evidence=[evidence], **changed)], Host(), Phase.POST)[0][0]


LOST = LargeHello(address=TARGET, hello_bytes=2048, again="silent", in_pieces="answered", duration_s=4.0)


def test_it_warns_and_names_the_direction() -> None:
    seen = told(LOST)
    assert (seen.verdict, seen.reason, seen.culprit, seen.confidence) == (
        "warn",
        "PMTU_BLACKHOLE",
        "middlebox",
        "likely",
    )
    assert seen.where.interval == ["this host", TARGET]
    assert seen.findings[0].params.direction == "to the target"


@pytest.mark.parametrize(
    ("again", "in_pieces"), [("answered", "answered"), ("silent", "silent"), ("silent", "ended"), ("ended", "answered")]
)
def test_anything_less_says_nothing(again: Any, in_pieces: Any) -> None:
    seen = told(LargeHello(address=TARGET, hello_bytes=2048, again=again, in_pieces=in_pieces, duration_s=4.0))
    assert (seen.verdict, seen.reason) == ("pass", "CONNECTED")


def test_it_improves_nothing() -> None:
    assert told(LOST, required=Proof.AUTHORISED).verdict == "unproven"
    other = LargeHello(address="10.9.9.9", hello_bytes=2048, again="silent", in_pieces="answered", duration_s=4.0)
    assert told(other).verdict == "pass"
