"""One odd authority among good ones: it costs nothing but itself, in Mozilla's set, in a file of the site's, and under
a future reader that refuses it."""

import base64
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from eset_portcheck.certificates.judge import Judge
from eset_portcheck.loading.authority_files import refuse_unreadable
from eset_portcheck.redaction.anchors import public_anchors
from eset_portcheck.wrong_use import WrongUse
from tests.cli.conftest import Command, portcheck  # noqa: F401  # a fixture
from tests.unit.test_trust import DAY, NOW, Issuer, ask


def pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def der_of(issuer: Issuer) -> bytes:
    return issuer.certificate.public_bytes(Encoding.DER)


def sequence(content: bytes) -> bytes:
    size = len(content)
    return b"\x30" + (bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2)) + content


def content(der: bytes) -> bytes:
    return der[2 + (der[1] & 0x7F if der[1] & 0x80 else 0) :]


def with_serial(issuer: Issuer, serial: bytes) -> bytes:
    """The same certificate with another serial number, whose signature no longer fits: an anchor's own is not looked
    at."""
    signed = issuer.certificate.tbs_certificate_bytes
    fields = content(signed)
    version, rest = fields[:5], fields[5:]
    assert (version, rest[0]) == (b"\xa0\x03\x02\x01\x02", 2)
    behind = content(der_of(issuer))[len(signed) :]
    return sequence(sequence(version + bytes([2, len(serial)]) + serial + rest[2 + rest[1] :]) + behind)


GOOD, ODD = Issuer("Good"), Issuer("Odd")
ZERO, NEGATIVE = with_serial(ODD, b"\0"), with_serial(ODD, b"\xff")
BROKEN = {
    "cut short": der_of(ODD)[:-7],
    "other ASN.1": b"\x30\x03\x02\x01\x01",
    "no base64": b"",
    "junk behind a length": b"\x30\x82\xff\xff" + bytes(64),
}


def bundle(tmp_path: Path, *ders: bytes) -> str:
    file = tmp_path / "ca.pem"
    file.write_text(
        "# authorities\n"
        + "".join(pem(der) if der else "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n" for der in ders)
    )
    return str(file)


@pytest.fixture(params=["today", "warnings are errors", "a future release"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How cryptography takes a serial number that is not positive."""
    load: Callable[[bytes], x509.Certificate] = x509.load_der_x509_certificate

    def strict(data: bytes, backend: object = None) -> x509.Certificate:
        with warnings.catch_warnings():
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            try:
                return load(data)
            except CryptographyDeprecationWarning as error:
                if request.param == "warnings are errors":
                    raise
                raise ValueError(str(error)) from None

    if request.param != "today":
        monkeypatch.setattr(x509, "load_der_x509_certificate", strict)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("odd", [ZERO, NEGATIVE, *BROKEN.values()], ids=["zero", "negative", *BROKEN])
def test_the_good_ones_beside_it_are_anchors(odd: bytes, tmp_path: Path) -> None:
    for ders in ((odd, der_of(GOOD)), (der_of(GOOD), odd), (odd, der_of(GOOD), odd)):
        file = bundle(tmp_path, *ders)
        facts = ask(Judge(file, file), GOOD.leaf("a.lab.test"))
        assert (facts.public, facts.site, facts.expired) == ("trusted", "trusted", False)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("odd", [ZERO, NEGATIVE], ids=["zero", "negative"])
def test_an_odd_serial_number_makes_no_authority_worse(odd: bytes, tmp_path: Path) -> None:
    """Roots of Mozilla's set have the serial number 0: what they signed stays trusted, dates included."""
    file = bundle(tmp_path, odd)
    judge = Judge(file, None)
    assert ask(judge, ODD.leaf("a.lab.test")).public == "trusted"
    past = ask(judge, ODD.leaf("a.lab.test", start=NOW - 800 * DAY, end=NOW - 400 * DAY))
    assert (past.public, past.expired) == ("trusted", True)
    assert ask(judge, GOOD.leaf("a.lab.test")).public == "untrusted"


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("odd", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_no_anchor(odd: bytes, tmp_path: Path) -> None:
    assert ask(Judge(bundle(tmp_path, odd), None), ODD.leaf("a.lab.test")).public != "trusted"


@pytest.mark.usefixtures("reader")
def test_mozillas_set_is_read_one_by_one() -> None:
    public_anchors.cache_clear()
    try:
        assert len(public_anchors()) > 200, "names and digests of most roots"
    finally:
        public_anchors.cache_clear()
    assert ask(Judge(None, None), GOOD.leaf("a.lab.test")).public == "untrusted"


@pytest.mark.parametrize("option", ["--ca-file", "--public-ca-file"])
@pytest.mark.parametrize(
    ("ders", "code", "told"),
    [
        (
            [der_of(GOOD), BROKEN["cut short"], BROKEN["no base64"]],
            1,
            "2 of 3 certificates cannot be read; they are ignored",
        ),
        ([der_of(GOOD), ZERO], 1, ""),
        ([BROKEN["cut short"], BROKEN["no base64"]], 2, "contains no PEM certificate, 2 that cannot be read"),
        ([], 2, "contains no PEM certificate"),
    ],
    ids=["some", "zero", "all", "none"],
)
def test_the_command_line_counts_what_it_leaves_out(
    portcheck: Command,  # noqa: F811
    tmp_path: Path,
    option: str,
    ders: list[bytes],
    code: int,
    told: str,
) -> None:
    file = bundle(tmp_path, *ders)
    ended = portcheck(
        "check",
        "--role",
        "agent",
        "--server",
        "127.0.0.1:9",
        "--only",
        "*.server.*",
        "--timeout",
        "1",
        option,
        file,
    )
    assert ended.code == code, ended.err
    assert told in ended.err
    assert ("left out" in ended.err) is ("left out" in told)


def changed_certifi(folder: Path, text: str) -> str:
    """A certifi whose file is not the one that its package brought; the path of its module."""
    import certifi

    module = Path(certifi.__file__)
    (folder / "certifi").mkdir()
    (folder / "certifi" / "cacert.pem").write_text(text)
    for record in module.parent.parent.glob("certifi-*.dist-info/RECORD"):
        (folder / record.parent.name).mkdir()
        (folder / record.parent.name / "RECORD").write_text(record.read_text())
    return str(folder / "certifi" / "__init__.py")


def test_an_inspector_that_was_added_to_certifis_file_is_not_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So companies make requests and pip work behind one. The program does not start: which authorities are public
    could not be told."""
    import certifi

    text = Path(certifi.where()).read_text() + pem(der_of(GOOD))
    monkeypatch.setattr(certifi.__spec__, "origin", changed_certifi(tmp_path, text))
    assert ask(Judge(None, None), GOOD.leaf("a.lab.test")).public == "untrusted"
    with pytest.raises(WrongUse, match="changed after it was installed"):
        refuse_unreadable(None, None)
    refuse_unreadable(None, bundle(tmp_path, der_of(GOOD)))


def test_certifi_that_points_to_the_machines_store_is_not_mozillas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As distributions ship it, and as packages do that bring in the system's certificates."""
    import certifi

    monkeypatch.setattr(certifi, "where", lambda: bundle(tmp_path, der_of(GOOD)))
    monkeypatch.setattr(certifi, "contents", lambda: pem(der_of(GOOD)))
    assert ask(Judge(None, None), GOOD.leaf("a.lab.test")).public == "untrusted"
    monkeypatch.setattr(certifi.__spec__, "origin", str(tmp_path / "nowhere" / "__init__.py"))
    assert ask(Judge(None, None), GOOD.leaf("a.lab.test")).public == "untrusted"
    with pytest.raises(WrongUse, match="not there"):
        refuse_unreadable(None, None)
