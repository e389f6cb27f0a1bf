"""A peer that cuts the usual first words and answers to others: it is named, and the row still fails."""

import asyncio
import struct
from typing import Any

import pytest

from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.vocabulary import Phase, Proof, Verdict
from eset_portcheck.standins import serving
from eset_portcheck.standins.certificates import Authority, server_context
from tests.net.conftest import Dial
from tests.unit.rows import row

SMB2_ANSWER = struct.pack(">I", 129) + b"\xfeSMB" + struct.pack("<HHIHHII", 64, 0, 0, 0, 1, 1, 0) + bytes(40)
SMB2_ANSWER += struct.pack(
    "<HHHH16sIIIIQQHHI", 65, 1, 0x0302, 0, bytes(16), 0, 65536, 65536, 65536, 0, 0, 128, 0, 0
) + bytes(1)
GRANTED = b"\x82\0\0\0"
PRELOGIN_ANSWER = bytes.fromhex(
    "0401002b0000010000001a00060100200001020021000103002200000400220001ff100003e8000001000000"
)
PRELOGIN_ANSWER = PRELOGIN_ANSWER[:2] + struct.pack(">H", len(PRELOGIN_ANSWER)) + PRELOGIN_ANSWER[4:]


def filter_of_smb1(netbios: bool, word: str) -> Any:
    """An intrusion prevention: whatever mentions SMB1 is cut."""

    async def peer(stream: Any) -> None:
        if netbios:
            await stream.receive()
            await stream.send(GRANTED)
        first = await stream.receive()
        if b"\xffSMB" in first:
            return stream.reset() if word == "reset" else stream.close()
        await stream.send(SMB2_ANSWER)
        await stream.receive()
        return None

    return peer


def told(observation: Any, protocol: str) -> Any:
    one = row(
        *observation.attempts,
        evidence=observation.evidence,
        required=Proof.PROTOCOL,
        protocol=protocol,
        id="x.y.tcp-1",
        trust=None,
    )
    return diagnose([one], Host(), Phase.POST)[0][0]


@pytest.mark.parametrize("word", ["reset", "close"])
@pytest.mark.parametrize("protocol", ["smb", "nbss"])
async def test_a_filter_that_dislikes_smb1_is_named_and_lifts_nothing(dial: Dial, protocol: str, word: str) -> None:
    async with serving.serve(filter_of_smb1(protocol == "nbss", word)) as address:
        seen = await dial(protocol, address, trust=None)
    judged = told(seen, protocol)
    assert judged.verdict is Verdict.FAIL
    assert judged.reason in ("RESET_AFTER_ACCEPT", "CLOSED_BEFORE_REPLY")
    assert [one.params.as_table() for one in judged.findings if one.reason == "SMB1_NEGOTIATE_BLOCKED"] == [
        {"dialect": "3.0.2", "encryption": False}
    ]


async def test_a_filter_that_dislikes_all_is_not_called_one_of_smb1(dial: Dial) -> None:
    async def peer(stream: Any) -> None:
        await stream.receive()
        stream.reset()

    async with serving.serve(peer) as address:
        judged = told(await dial("smb", address, trust=None), "smb")
    assert judged.reason == "RESET_AFTER_ACCEPT"
    assert "SMB1_NEGOTIATE_BLOCKED" not in {one.reason for one in judged.findings}


@pytest.mark.parametrize("answer", ["closes", "alert"])
async def test_strict_encryption_of_sql_server_is_named(dial: Dial, answer: str) -> None:
    """The server looks at the first byte: a TLS hello (0x16), or anything else."""
    inside = server_context(Authority().issue(["protect.demo.example"]), alpn=["tds/8.0"])

    async def strict(stream: Any) -> None:
        assert (await stream.receive())[:2] == b"\x12\x01", "PRELOGIN"
        await stream.send(PRELOGIN_ANSWER)
        await stream.receive()

    async with serving.serve(strict, tls=inside) as behind:

        async def first_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            first = await reader.read(4096)
            if first[:1] != b"\x16":
                writer.write(b"\x15\x03\x01\x00\x02\x02\x0a" if answer == "alert" else b"")
                return writer.close()
            back, forth = await asyncio.open_connection(*behind)
            forth.write(first)

            async def carry(source: asyncio.StreamReader, goal: asyncio.StreamWriter) -> None:
                while chunk := await source.read(4096):
                    goal.write(chunk)
                goal.close()

            await asyncio.gather(carry(back, writer), carry(reader, forth), return_exceptions=True)
            return None

        async with await asyncio.start_server(first_byte, "127.0.0.1", 0) as server:
            seen = await dial("tds", server.sockets[0].getsockname(), trust=None)
    judged = told(seen, "tds")
    assert (judged.verdict, judged.reason) == (
        Verdict.FAIL,
        "WRONG_PROTOCOL" if answer == "alert" else "CLOSED_BEFORE_REPLY",
    )
    (finding,) = [one for one in judged.findings if one.reason == "TDS_STRICT_ENCRYPTION"]
    assert finding.params.version == "16.0.1000"
