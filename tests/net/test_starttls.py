"""TLS that begins in the middle of a conversation, on a real socket: it works, comes to nothing, or is forged from the
outside."""

from typing import Any

import pytest

from eset_portcheck.model.vocabulary import Failure
from eset_portcheck.standins import serving
from eset_portcheck.standins.certificates import Authority, server_context
from tests.net.conftest import Dial

CA = Authority("Directory CA")
REFUSED = bytes.fromhex("300c020101 6507 0a010d 0400 0400")
AGREED = bytes.fromhex("300c020102 7807 0a0100 0400 0400")
ROOT = bytes.fromhex("3009020103 6404 0400 3000 300c020103 6507 0a0100 0400 0400")


def directory(after: bytes, secured: Any = None) -> Any:
    """Wants TLS; says `after` to StartTLS, and then speaks TLS or nothing of it."""

    async def peer(stream: Any) -> None:
        await stream.receive()
        await stream.send(REFUSED)
        await stream.receive()
        await stream.send(after)
        if secured is None:
            await stream.receive()
            await stream.send(b"what is this?\r\n")
            return
        await stream.secure(secured)
        await stream.receive()
        await stream.send(ROOT)
        await stream.receive()

    return peer


async def test_starttls(dial: Dial) -> None:
    secured = server_context(CA.issue(["protect.demo.example"]))
    async with serving.serve(directory(AGREED, secured)) as address:
        (attempt,) = (await dial("ldap", address, ca=CA.pem, trust=None)).attempts
    assert attempt.failed is None, attempt.failed
    assert attempt.reply is not None
    assert (attempt.reply["result"], attempt.reply["starttls_tried"], attempt.reply["starttls_result"]) == (
        13,
        "works",
        0,
    )
    assert attempt.tls is not None
    assert (attempt.tls.site, attempt.tls.name_matches) == ("trusted", True)


async def test_starttls_that_comes_to_nothing_leaves_what_was_proven(dial: Dial) -> None:
    async with serving.serve(directory(AGREED)) as address:
        (attempt,) = (await dial("ldap", address, trust=None)).attempts
    assert attempt.failed is None
    assert attempt.tls is None
    assert (attempt.reply or {})["starttls_tried"] == "failed"


@pytest.mark.parametrize("forged", [ROOT, b"x"])
async def test_words_before_tls_are_not_taken_for_words_inside(dial: Dial, forged: bytes) -> None:
    """Whoever sits in between may send an answer behind the agreement in the clear (the STARTTLS injection)."""
    secured = server_context(CA.issue(["protect.demo.example"]))
    async with serving.serve(directory(AGREED + forged, secured)) as address:
        (attempt,) = (await dial("ldap", address, trust=None)).attempts
    assert attempt.failed is not None
    assert attempt.failed.failure is Failure.UNEXPECTED_BYTES
