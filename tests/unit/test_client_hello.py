"""A padded ClientHello: the same words, readable by a server, as long as asked."""

import ssl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.wire.client_hello import padded


def hello(name: str = "protect.corp.local") -> bytes:
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("size", [1400, 2048, 16000])
def test_it_is_as_long_as_asked_and_all_lengths_agree(size: int) -> None:
    plain = hello()
    made = padded(plain, size)
    assert len(made) == size
    assert int.from_bytes(made[3:5], "big") == size - 5
    assert int.from_bytes(made[6:9], "big") == size - 9
    assert made[9:43] == plain[9:43]  # version and random
    assert made.endswith(bytes(size - len(plain)))


def test_a_server_answers_it() -> None:
    """OpenSSL's own server reads it and goes on (it stops at the certificate that it does not have)."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("ALL:@SECLEVEL=0")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = server.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(padded(hello(), 2048))
    with pytest.raises(ssl.SSLError) as raised:
        tls.do_handshake()
    assert raised.value.reason in ("NO_SHARED_CIPHER", "NO_SUITABLE_SIGNATURE_ALGORITHM")


def test_what_is_no_client_hello() -> None:
    for broken in (b"", b"\x15\x03\x01\0\x02\x02\x28", hello()[:60], hello() + b"\0"):
        with pytest.raises(ValueError, match="no "):
            padded(broken, 2048)


def test_one_that_is_as_large_already() -> None:
    with pytest.raises(ValueError, match="no room"):
        padded(hello(), 200)


@given(st.integers(0, 600), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_damage_raises_nothing_else(at: int, byte: int) -> None:
    changed = bytearray(hello())
    changed[at % len(changed)] = byte
    try:
        assert len(padded(bytes(changed), 2048)) == 2048
    except ValueError:
        return
