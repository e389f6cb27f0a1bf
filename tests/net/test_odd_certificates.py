"""Certificates that OpenSSL sends and our parser does not read: nothing behind them can stand in for them, and nothing
fails on our side."""

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from eset_portcheck.certificates.judge import Judge
from eset_portcheck.diagnose import diagnose
from eset_portcheck.model.host import Host
from eset_portcheck.model.vocabulary import Phase, Proof, Trust, Verdict
from eset_portcheck.standins import broker, serving
from eset_portcheck.standins.certificates import Authority, Leaf
from tests.net.conftest import Dial
from tests.unit.rows import row

CA = Authority("Odd CA")
NAME = "protect.demo.example"
GENUINE = CA.issue([NAME])
VERSION_3 = bytes.fromhex("a003020102")


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def odd_version(pem: bytes) -> bytes:
    """A certificate of version 70, which the ssl module takes and cryptography does not."""
    whole = der(pem)
    assert whole.count(VERSION_3) == 1
    return whole.replace(VERSION_3, VERSION_3[:-1] + b"\x45")


def odd_time(pem: bytes) -> bytes:
    """A UTCTime that does not end in Z."""
    whole = der(pem)
    at = whole.index(b"\x17\x0d") + 14
    assert whole[at : at + 1] == b"Z"
    return whole[:at] + b"X" + whole[at + 1 :]


def two_of_a_kind(pem: bytes) -> bytes:
    """The extended key usage's number turned into the subjectAltName's, which is there already."""
    return der(pem).replace(b"\x55\x1d\x25", b"\x55\x1d\x11", 1)


def context(leaf: Leaf, first: bytes, tmp_path: Path) -> ssl.SSLContext:
    """`first` with the key of `leaf`, and behind it somebody else's good certificate."""
    file = tmp_path / "chain.pem"
    file.write_bytes(leaf.key_pem + ssl.DER_cert_to_PEM_cert(first).encode() + GENUINE.certificate_pem + CA.pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(file)
    return made


@pytest.mark.parametrize("odd", [odd_version, odd_time])
async def test_a_good_certificate_behind_an_odd_one_proves_nothing(dial: Dial, tmp_path: Path, odd: object) -> None:
    impostor = Authority("Odd CA").issue([NAME])
    secured = context(impostor, odd(impostor.certificate_pem), tmp_path)  # type: ignore[operator]
    async with serving.serve(broker.broker(), tls=secured) as address:
        seen = await dial("mqtt", address, ca=CA.pem, trust=Trust.PUBLIC)
    assert seen.error is None
    (attempt,) = seen.attempts
    assert attempt.tls is not None
    assert (attempt.tls.public, attempt.tls.site) == ("untrusted", None)
    judged = diagnose([row(attempt, protocol="mqtt", required=Proof.PRODUCT, trust=Trust.PUBLIC)], Host(), Phase.POST)[
        0
    ][0]
    assert (judged.verdict, judged.reason) == (Verdict.FAIL, "TLS_UNKNOWN_CA")


PARTS = [der(GENUINE.certificate_pem), der(CA.pem)]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    file = tmp_path_factory.mktemp("odd") / "ca.pem"
    file.write_bytes(CA.pem)
    return Judge(str(file), str(file))


def test_two_extensions_of_a_kind(judge: Judge) -> None:
    facts = judge.judge([two_of_a_kind(GENUINE.certificate_pem)], NAME, False)
    assert (facts.site, facts.name_matches, facts.chain[0].names) == ("untrusted", False, [])


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_spoilt_leaf_is_trusted_by_nobody(judge: Judge, data: st.DataObject) -> None:
    """Whatever byte is another one; what stands behind it is whole."""
    spoilt = bytearray(PARTS[0])
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at] ^= data.draw(st.integers(1, 255))
    facts = judge.judge([bytes(spoilt), *data.draw(st.sampled_from([PARTS, PARTS[1:], []]))], NAME, False)
    assert (facts.public, facts.site) in (("untrusted", "untrusted"), ("untrusted", None))
