"""SMB: golden bytes by section of MS-SMB2, MS-CIFS, MS-NLMP and RFC 4178, and what the answers of all kinds of servers
mean."""

import struct
from typing import Any

import pytest

from eset_portcheck.model.params import Params
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import smb
from eset_portcheck.wire import netbios, ntlm, smb1, smb2
from eset_portcheck.wire.conversation import Ended, Exchange, Peer, UnexpectedBytes
from tests.unit.recorded_replies import RECORDED

NOW_S = 1_000_000_000.0  # 2001-09-09T01:46:40Z
PEER = Peer(host="pc7.corp.local", port=445, random=lambda size: b"\x11" * size, now_s=NOW_S)


def spnego(*mechanisms: str) -> bytes:
    """A server's NegTokenInit2 with these mechanisms (MS-SPNG 2.2.1)."""
    token = b"".join(bytes.fromhex(one) for one in mechanisms)
    for tag in (0x30, 0xA0, 0x30, 0xA0):
        token = bytes([tag, len(token)]) + token
    token = bytes.fromhex("06062b0601050502") + token
    return bytes([0x60, len(token)]) + token


NTLM, KERBEROS_5, KERBEROS_MS = "060a2b06010401823702020a", "06092a864886f712010202", "06092a864882f712010202"
BOTH, KERBEROS = spnego(KERBEROS_MS, KERBEROS_5, NTLM), spnego(KERBEROS_5)
NAMES = ((2, "CORP"), (1, "PC7"), (4, "corp.local"), (3, "pc7.corp.local"))


def filetime(seconds: float) -> int:
    return int((seconds + 11_644_473_600) * 1e7)


def answer(command: int, status: int, body: bytes, flags: int = 1) -> bytes:
    return netbios.frame(
        b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16x", 64, 0, status, command, 1, flags, 0, 0, 0, 0, 0) + body
    )


def negotiated(
    dialect: int,
    mode: int = 1,
    capabilities: int = 0,
    told: int = 0,
    hint: bytes = b"",
    contexts: tuple[tuple[int, bytes], ...] = (),
) -> bytes:
    tail = b"".join(
        struct.pack("<HHI", kind, len(value), 0) + value + bytes(-len(value) % 8) for kind, value in contexts
    )
    padding = bytes(-len(hint) % 8)
    where = 128 + len(hint) + len(padding) if contexts else 0
    head = struct.pack(
        "<HHHH16sIIIIQQHHI",
        65,
        mode,
        dialect,
        len(contexts),
        bytes(16),
        capabilities,
        0,
        0,
        0,
        told,
        0,
        128,
        len(hint),
        where,
    )
    return answer(0, 0, head + hint + padding + tail)


def challenge(
    pairs: tuple[tuple[int, str], ...] = NAMES, build: int = 19045, stamp: int = 0, flags: int = 0x02800201
) -> bytes:
    info = b"".join(struct.pack("<HH", kind, 2 * len(text)) + text.encode("utf-16-le") for kind, text in pairs)
    info += (struct.pack("<HHQ", 7, 8, stamp) if stamp else b"") + bytes(4)
    head = struct.pack("<IHHII8s8sHHI", 2, 0, 0, 56, flags, bytes(8), bytes(8), len(info), len(info), 56)
    return b"NTLMSSP\0" + head + struct.pack("<BBH3xB", 10, 0, build, 15) + info


def challenged(token: bytes, status: int = 0xC0000016) -> bytes:
    return answer(1, status, struct.pack("<HHHH", 9, 0, 72, len(token)) + token)


def said(*replies: bytes, end: bool = False) -> tuple[list[bytes], dict[str, Any]]:
    exchange = Exchange(smb.converse(PEER))
    sent = list(exchange.out)
    for reply in replies:
        exchange.out.clear()
        exchange.receive(reply)
        sent += exchange.out
    if end:
        exchange.eof()
    assert exchange.facts is not None
    return sent, exchange.facts


# -- what is sent ------------------------------------------------------------------------------
def test_the_first_message_is_the_multi_protocol_negotiate() -> None:
    """MS-CIFS 2.2.3.1 and 2.2.4.52.1, MS-SMB2 3.2.4.2.2.1: no reply bit, no words, three dialects by name."""
    (first,) = Exchange(smb.converse(PEER)).out
    assert first[:4] == (32 + 3 + 34).to_bytes(4, "big")
    assert first[4:36] == bytes.fromhex(
        "ff534d42 72 00000000 18 53c8 0000 0000000000000000 0000 ffff fffe 0000 0000".replace(" ", "")
    )
    assert first[36:39] == bytes.fromhex("002200")
    assert first[39:] == b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0"


def test_the_smb2_negotiate() -> None:
    """MS-SMB2 2.2.1.2 (header), 2.2.3 (36 bytes), 2.2.3.1: contexts 8-byte aligned, the last without padding, where the
    offset says."""
    request = smb2.negotiate(1, b"\x11" * 16, b"\x22" * 32)
    assert request[:64] == bytes.fromhex(
        "fe534d42 4000 0100 00000000 0000 1f00 00000000 00000000 0100000000000000 00000000 00000000".replace(" ", "")
    ) + bytes(24)
    assert request[64:76] == struct.pack("<HHHHI", 36, 5, 1, 0, 0x44)
    offset, count, _ = struct.unpack_from("<IHH", request, 92)
    assert request[100:110] == struct.pack("<5H", 0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
    found = {}
    at = offset
    for _ in range(count):
        assert at % 8 == 0
        kind, size = struct.unpack_from("<HH", request, at)
        found[kind] = request[at + 8 : at + 8 + size]
        last, at = at + 8 + size, at + 8 + size + (-size % 8)
    assert last == len(request)
    assert found == {
        1: struct.pack("<HHH", 1, 32, 1) + b"\x22" * 32,  # 2.2.3.1.1: SHA-512
        2: struct.pack("<5H", 4, 2, 1, 4, 3),  # 2.2.3.1.2
        8: struct.pack("<4H", 3, 2, 1, 0),  # 2.2.3.1.7
    }


def test_the_session_setup_carries_ntlm_inside_spnego() -> None:
    """MS-SMB2 2.2.5 (offset 88 from the header), RFC 4178 4.2.1, MS-NLMP 2.2.1.1."""
    sent, _ = said(negotiated(0x0210, hint=BOTH), challenged(challenge()))
    message = sent[1][4:]
    assert struct.unpack_from("<Q", message, 24) == (1,)
    assert message[64:80] == struct.pack("<HBBIIHH", 25, 0, 1, 0, 0, 88, len(message) - 88)
    token = message[88:]
    assert token[:34] == bytes.fromhex(
        "6048 06062b0601050502 a03e 303c a00e 300c 060a2b06010401823702020a a22a 0428".replace(" ", "")
    )
    assert token[34:] == ntlm.negotiate()
    assert ntlm.negotiate()[:16] == b"NTLMSSP\0" + struct.pack("<II", 1, 0xA2888205)
    assert len(ntlm.negotiate()) == 40


def test_without_a_hint_ntlm_goes_bare_and_without_ntlm_in_it_not_at_all() -> None:
    sent, _ = said(negotiated(0x0210), challenged(challenge()))
    assert sent[1][4 + 88 :] == ntlm.negotiate()
    sent, facts = said(negotiated(0x0210, hint=KERBEROS))
    assert (len(sent), facts["mechanisms"], facts["dialect"]) == (1, ["kerberos"], "2.1")


def test_message_numbers_follow_the_wildcard() -> None:
    """MS-SMB2 3.2.5.2: the NEGOTIATE after 0x02FF is message 1; each one charges a credit."""
    sent, _ = said(negotiated(0x02FF), negotiated(0x0300, hint=BOTH), challenged(challenge()))
    assert [struct.unpack_from("<Q", one, 4 + 24)[0] for one in sent[1:]] == [1, 2]
    assert [struct.unpack_from("<H", one, 4 + 12)[0] for one in sent[1:]] == [0, 1]


def test_a_token_too_long_for_one_byte_is_our_own_mistake() -> None:
    with pytest.raises(OverflowError):
        ntlm.in_spnego(bytes(120))


# -- what is understood --------------------------------------------------------------------------
def test_everything_a_windows_host_tells() -> None:
    contexts = (
        (1, struct.pack("<HHH", 1, 32, 1) + bytes(32)),
        (2, struct.pack("<HH", 1, 2)),
        (8, struct.pack("<HH", 1, 2)),
    )
    _, facts = said(
        negotiated(0x02FF, hint=BOTH),
        negotiated(0x0311, mode=3, told=filetime(NOW_S + 400), hint=BOTH, contexts=contexts),
        challenged(challenge(stamp=filetime(NOW_S + 9))),
    )
    assert facts == {
        "dialect": "3.1.1",
        "signing": "required",
        "encryption": True,
        "mechanisms": ["kerberos", "ntlm"],
        "server_time_utc": "2001-09-09T01:53:20Z",
        "skew_s": 400,
        "os_build": "10.0.19045",
        "domain": "CORP",
        "computer": "PC7",
        "dns_domain": "corp.local",
        "dns_computer": "pc7.corp.local",
    }
    assert smb.interpret(facts) == smb.Meaning(
        Proof.PROTOCOL, findings=[("SMB_SIGNING_REQUIRED", Params(dialect="3.1.1"))]
    )


@pytest.mark.parametrize(
    ("dialect", "capabilities", "cipher", "encrypts"),
    [
        (0x0202, 0x40, None, False),
        (0x0210, 0x40, None, False),
        (0x0300, 0x40, None, True),
        (0x0302, 0, None, False),
        (0x0311, 0x40, None, False),
        (0x0311, 0, 2, True),
        (0x0311, 0x40, 0, False),
    ],
)
def test_encryption_by_dialect(dialect: int, capabilities: int, cipher: int | None, encrypts: bool) -> None:
    """MS-SMB2 2.2.4: the capability bit belongs to 3.0 and 3.0.2; 3.1.1 answers in a context (2.2.4.1.2; cipher 0: none
    in common)."""
    contexts = () if cipher is None else ((1, bytes(6)), (2, struct.pack("<HH", 1, cipher)))
    _, facts = said(negotiated(dialect, capabilities=capabilities, hint=KERBEROS, contexts=contexts))
    assert facts["encryption"] is encrypts


@pytest.mark.parametrize(("mode", "signing"), [(0, "off"), (1, "enabled"), (3, "required"), (2, "required")])
def test_signing(mode: int, signing: str) -> None:
    assert said(negotiated(0x0202, mode=mode, hint=KERBEROS))[1]["signing"] == signing


def test_the_challenge_tells_the_time_when_negotiate_does_not() -> None:
    _, facts = said(negotiated(0x0210), challenged(challenge(stamp=filetime(NOW_S - 3600))))
    assert (facts["skew_s"], facts["server_time_utc"]) == (-3600, "2001-09-09T00:46:40Z")
    _, facts = said(negotiated(0x0210), challenged(challenge()))
    assert {"skew_s", "server_time_utc", "server_time_s"}.isdisjoint(facts)


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (1, "1601-01-01T00:00:00Z"),
        (116444736000000000, "1970-01-01T00:00:00Z"),
        (2_650_467_743_990_000_000, "9999-12-31T23:59:59Z"),
        (2_650_467_743_999_999_999, None),
        (2**63, None),
        (2**64 - 1, None),
    ],
)
def test_any_time_a_server_may_invent(told: int, text: str | None) -> None:
    assert said(negotiated(0x0202, told=told, hint=KERBEROS))[1].get("server_time_utc") == text


def test_no_build_and_no_name_are_not_told_as_such() -> None:
    _, facts = said(
        negotiated(0x0210), challenged(challenge(pairs=((2, "CORP"), (1, "PC7"), (4, ""), (3, "")), build=0))
    )
    assert {"os_build", "dns_computer", "dns_domain"}.isdisjoint(facts)
    _, facts = said(negotiated(0x0210), challenged(challenge(flags=0x00800201)))
    assert "os_build" not in facts  # MS-NLMP 2.2.1.2: the version stands there only with its flag


def test_names_are_capped_and_never_half_a_character() -> None:
    _, facts = said(negotiated(0x0210), challenged(challenge(pairs=((1, "x" * 4000),))))
    assert facts["computer"] == "x" * 128
    broken = challenge(pairs=()).replace(bytes(4), b"", 0)[:56] + struct.pack("<HH", 1, 3) + b"\x00\xd8A" + bytes(4)
    broken = broken[:40] + struct.pack("<HHI", 11, 11, 56) + broken[48:]
    _, facts = said(negotiated(0x0210), challenged(broken))
    assert facts["computer"].encode("utf-8")


# -- refusals, old servers, hang-ups -----------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0xC00000BB, "STATUS_NOT_SUPPORTED"),
        (0xC000006D, "STATUS_LOGON_FAILURE"),
        (0xC0000418, "STATUS_NTLM_BLOCKED"),
        (0xC0001234, None),
    ],
)
def test_a_refused_session_still_is_smb(status: int, name: str | None) -> None:
    _, facts = said(negotiated(0x0210, hint=BOTH), answer(1, status, struct.pack("<HHHHx", 9, 0, 0, 0)))
    assert (facts["logon_status"], facts.get("logon_status_name"), facts["dialect"]) == (f"0x{status:08X}", name, "2.1")
    assert smb.interpret(facts).proof is Proof.PROTOCOL


def test_a_hang_up_at_session_setup_still_is_smb() -> None:
    _, facts = said(negotiated(0x0210, hint=BOTH), end=True)
    assert (facts["logon_status"], facts["dialect"], smb.interpret(facts).proof) == ("closed", "2.1", Proof.PROTOCOL)


@pytest.mark.parametrize(
    "replies",
    [[], [negotiated(0x02FF)], [negotiated(0x0210), b"\0\0"], [negotiated(0x0210), challenged(challenge())[:90]]],
)
def test_a_hang_up_anywhere_else_is_no_answer(replies: list[bytes]) -> None:
    exchange = Exchange(smb.converse(PEER))
    for reply in replies:
        exchange.receive(reply)
    try:
        exchange.eof()
    except Ended:
        return
    assert not exchange.finished


def test_no_dialect_in_common() -> None:
    """MS-SMB2 3.3.5.4: STATUS_NOT_SUPPORTED is the server's word; nothing is asked after it."""
    sent, facts = said(negotiated(0x02FF), answer(0, 0xC00000BB, struct.pack("<HBBI", 9, 0, 0, 0)))
    assert (len(sent), facts) == (2, {"status": "0xC00000BB", "status_name": "STATUS_NOT_SUPPORTED"})
    assert smb.interpret(facts).proof is Proof.PROTOCOL


def smb1_answer(words: bytes, command: int = 0x72) -> bytes:
    """MS-CIFS 2.2.4.52.2."""
    return netbios.frame(
        b"\xffSMB" + bytes([command]) + bytes(4) + b"\x98" + bytes(22) + bytes([len(words) // 2]) + words + b"\0\0"
    )


@pytest.mark.parametrize(("mode", "signing"), [(0x03, "off"), (0x07, "enabled"), (0x0F, "required")])
def test_smb1_alone(mode: int, signing: str) -> None:
    words = struct.pack("<HBHHIIIIQHB", 0, mode, 50, 1, 16644, 65536, 0, 0x8000F3FD, filetime(NOW_S + 60), 0, 0)
    sent, facts = said(smb1_answer(words))
    assert len(sent) == 1
    assert facts == {
        "smb1_only": True,
        "dialect": "NT LM 0.12",
        "accepted": True,
        "signing": signing,
        "server_time_utc": "2001-09-09T01:47:40Z",
        "skew_s": 60,
    }
    meaning = smb.interpret(facts)
    assert (meaning.proof, meaning.findings) == (Proof.PROTOCOL, [("SMB1_ONLY", Params(dialect="NT LM 0.12"))])


def test_older_than_any_dialect_offered() -> None:
    _, facts = said(smb1_answer(b"\xff\xff"))
    assert (facts["dialect"], facts["accepted"]) == (None, False)
    assert smb.interpret(facts).findings == [("SMB1_ONLY", Params(dialect="older than NT LM 0.12"))]


# No words, and behind them what would be "none of them".
@pytest.mark.parametrize(
    "reply",
    [
        netbios.frame(smb1.negotiate()),  # an echo: no words
        netbios.frame(b"\xffSMB\x72" + bytes(27) + b"\0\xff\xff" + bytes(40)),
        smb1_answer(bytes(34), command=0x73),
        smb1_answer(struct.pack("<H", 2) + bytes(32)),  # SMB2 by name, answered in SMB1
        netbios.frame(b"\xffSMB\x72" + bytes(27) + b"\x0d" + bytes(80)),  # 13 words: a LAN Manager answer to NT LM 0.12
        negotiated(0x0999),
        negotiated(0x0210).replace(b"\xfeSMB", b"\xfdSMB"),  # encrypted, before there is a key
        netbios.frame(negotiated(0x0210)[4:60]),
        answer(1, 0, bytes(64)),
        answer(0, 0, negotiated(0x0210)[68:], flags=0),  # without the bit of an answer
        b"\0\0\0\x03abc",  # shorter than any header
        b"\0\x01\0\x01" + bytes(64),  # a frame over 64 KiB
        b"\x81\0\0\x40" + bytes(64),
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_what_is_not_smb(reply: bytes) -> None:
    exchange = Exchange(smb.converse(PEER))
    with pytest.raises(UnexpectedBytes):
        exchange.receive(reply)


@pytest.mark.parametrize("second", [negotiated(0x02FF), answer(1, 0, bytes(64)), smb1_answer(bytes(34))])
def test_after_a_wildcard_only_a_dialect_will_do(second: bytes) -> None:
    with pytest.raises(UnexpectedBytes):
        said(negotiated(0x02FF), second)


def test_a_buffer_beyond_the_message_is_not_read() -> None:
    with pytest.raises(UnexpectedBytes):
        said(negotiated(0x0210), answer(1, 0xC0000016, struct.pack("<HHHH", 9, 0, 72, 4000) + challenge()))


# -- real servers ------------------------------------------------------------------------------
def test_recorded_servers() -> None:
    """samba 4.17: as it comes; SMB3_11 at least and signing mandatory; NT1 at most."""
    plain, signed, old = (said(*messages)[1] for messages in RECORDED["smb"])
    for facts, name, signing in ((plain, "TARGET", "enabled"), (signed, "TSIGNED", "required")):
        assert facts["server_time_utc"].startswith("2026-")
        assert {
            key: facts[key] for key in ("dialect", "signing", "encryption", "mechanisms", "computer", "domain")
        } == {
            "dialect": "3.1.1",
            "signing": signing,
            "encryption": True,
            "mechanisms": ["ntlm"],
            "computer": name,
            "domain": name,
        }
        assert "os_build" not in facts
    assert (old["smb1_only"], old["dialect"], old["server_time_utc"]) == (True, "NT LM 0.12", "2026-11-24T10:41:28Z")


def test_a_list_of_hosts_turns_this_machine_away() -> None:
    """samba 4.17 with `hosts deny`, recorded on 445: a refused NetBIOS session that nobody asked for."""
    _, facts = said(bytes.fromhex("8300000181"))
    assert facts == {"netbios_session": "refused", "code": 0x81, "meaning": "not listening for calling name"}
    meaning = smb.interpret(facts)
    assert (meaning.proof, meaning.reason, meaning.disproves) == (Proof.ACCEPTS, "SMB_HOST_NOT_ALLOWED", True)


def test_another_refusal_of_a_session_says_nothing_of_a_list() -> None:
    _, facts = said(bytes.fromhex("8300000180"))
    assert smb.interpret(facts).reason == "NETBIOS_SESSION_REFUSED"


def test_demanded_signing_is_told() -> None:
    assert smb.interpret({"signing": "required", "dialect": "3.1.1"}).findings == [
        ("SMB_SIGNING_REQUIRED", Params(dialect="3.1.1"))
    ]
    assert smb.interpret({"signing": "enabled", "dialect": "3.1.1"}).findings == []
