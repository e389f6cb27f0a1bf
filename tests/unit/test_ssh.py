"""SSH: identification and KEXINIT by section of RFC 4253."""

from typing import Any

import pytest

from eset_portcheck import __version__
from eset_portcheck.model.vocabulary import Proof
from eset_portcheck.protocols import ssh
from eset_portcheck.wire.conversation import Exchange, Peer, UnexpectedBytes
from tests.unit.recorded_replies import RECORDED

PEER = Peer(host="pc7", port=22)
LISTS = [
    b"curve25519-sha256,ecdh-sha2-nistp256",
    b"ssh-ed25519",
    b"aes128-ctr",
    b"aes256-ctr",
    b"hmac-sha2-256",
    b"hmac-sha2-512",
    b"none",
    b"none",
    b"",
    b"",
]


def kexinit(lists: list[bytes] = LISTS, padding: int = 6, kind: int = 20) -> bytes:
    """Sections 6 and 7.1: length, padding length, payload (type, cookie, ten name-lists, flag, reserved), padding."""
    payload = bytes([kind]) + b"\xaa" * 16 + b"".join(len(one).to_bytes(4, "big") + one for one in lists) + bytes(5)
    return (1 + len(payload) + padding).to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)


def heard(*pieces: bytes) -> tuple[list[bytes], dict[str, Any] | None]:
    exchange = Exchange(ssh.converse(PEER))
    assert exchange.out == []  # the server speaks first
    for one in pieces:
        exchange.receive(one)
    return exchange.out, exchange.facts


def test_identification_and_algorithms() -> None:
    sent, facts = heard(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", kexinit())
    assert sent == [f"SSH-2.0-eset_portcheck_{__version__}\r\n".encode()]
    assert facts == {
        "version": "2.0",
        "software": "OpenSSH_9.2p1 Debian-2",
        "kex": ["curve25519-sha256", "ecdh-sha2-nistp256"],
        "host_key": ["ssh-ed25519"],
        "cipher": ["aes256-ctr"],
        "mac": ["hmac-sha2-512"],
    }
    assert ssh.interpret(facts).proof is Proof.PROTOCOL


@pytest.mark.parametrize("start", [b"", b"Welcome\r\n", b"\n" * 20, b"x" * 1000 + b"\n"])
def test_lines_before_the_identification(start: bytes) -> None:
    """Section 4.2: allowed, and passed over; ours is sent only after the server's."""
    sent, facts = heard(start)
    assert sent == []
    assert heard(start + b"SSH-1.99-Cisco-1.25\n" + kexinit())[1] is not None
    assert facts is None


def test_names_are_capped() -> None:
    _, facts = heard(b"SSH-2.0-" + b"x" * 240 + b"\r\n", kexinit([b",".join([b"y" * 500] * 30), *LISTS[1:]]))
    assert facts is not None
    assert (len(facts["software"]), [len(one) for one in facts["kex"]]) == (120, [64] * 16)


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-1.5-old\r\n",
        b"SSH-2.0\r\n",
        b"SSH-2.0-" + b"x" * 250 + b"\r\n",  # over 255 bytes with its end
        b"\n" * 21 + b"SSH-2.0-x\r\n",
        b"line\r\n" * 20 + b"2.0-no SSH\r\n",  # a version without the name
        b"no end of line" * 100,
        b"SSH-2.0-x\r\n" + (10).to_bytes(4, "big") + bytes(10),
        b"SSH-2.0-x\r\n" + (1 << 20).to_bytes(4, "big"),
        b"SSH-2.0-x\r\n" + kexinit(kind=21),
        b"SSH-2.0-x\r\n" + kexinit(padding=3),
        b"SSH-2.0-x\r\n" + kexinit(LISTS[:9], padding=80),  # nine lists
        b"SSH-2.0-x\r\n" + kexinit([b"k\xc3\xa9x", *LISTS[1:]]),
        b"SSH-2.0-x\r\n" + kexinit()[:4] + b"\xff" + kexinit()[5:],  # more padding than packet
    ],
)
def test_what_is_no_ssh_2(reply: bytes) -> None:
    with pytest.raises(UnexpectedBytes):
        heard(reply)


def test_recorded_openssh() -> None:
    _, facts = heard(*RECORDED["ssh"][0])
    assert facts is not None
    assert facts["software"].startswith("OpenSSH_9.2p1")
    assert "curve25519-sha256" in facts["kex"]
    assert facts["host_key"] == ["ssh-ed25519"]
    assert "chacha20-poly1305@openssh.com" in facts["cipher"]
    assert "hmac-sha2-256-etm@openssh.com" in facts["mac"]
