"""What a chain is worth: sets of authorities, dates, names. Real certificates, no network."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from eset_portcheck.certificates.judge import Judge
from eset_portcheck.certificates.names import matches
from eset_portcheck.model.observation import TlsFacts
from eset_portcheck.model.pins import NoPin, pin_of

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Issuer:
    def __init__(self, name: str, parent: "Issuer | None" = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = parent or self
        self.certificate = (
            x509.CertificateBuilder(
                self.name if parent is None else parent.name,
                self.name,
                self.key.public_key(),
                x509.random_serial_number(),
                NOW - 900 * DAY,
                NOW + 900 * DAY,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(signer.key, hashes.SHA256())
        )

    def leaf(
        self,
        *names: str,
        start: dt.datetime = NOW - DAY,
        end: dt.datetime = NOW + 300 * DAY,
        common: str = "x",
        usage: object = None,
    ) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        builder = x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number(), start, end)
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)  # type: ignore[list-item]
        return builder.sign(self.key, hashes.SHA256())


ROOT, ROGUE = Issuer("Root"), Issuer("Rogue")
MIDDLE = Issuer("Middle", ROOT)


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    file = tmp_path / "root.pem"
    file.write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return Judge(str(file), str(file))


def ask(judge: Judge, *chain: x509.Certificate, name: str = "a.lab.test", star: bool = False) -> TlsFacts:
    return judge.judge([one.public_bytes(Encoding.DER) for one in chain], name, star)


def test_dates_are_judged_apart_and_in_any_order(judge: Judge) -> None:
    good = ROOT.leaf("a.lab.test")
    past = ROOT.leaf("a.lab.test", start=NOW - 800 * DAY, end=NOW - 400 * DAY)
    future = ROOT.leaf("a.lab.test", start=NOW + 10 * DAY, end=NOW + 40 * DAY)
    for leaf, expired, early in [
        (good, False, False),
        (past, True, False),
        (good, False, False),
        (future, False, True),
        (past, True, False),
        (good, False, False),
    ]:
        facts = ask(judge, leaf)
        assert (facts.public, facts.expired, facts.not_yet_valid) == ("trusted", expired, early)


def test_a_foreign_issuer_stays_foreign_whatever_its_dates(judge: Judge) -> None:
    for leaf in (ROGUE.leaf("a.lab.test"), ROGUE.leaf("a.lab.test", end=NOW - DAY / 2), ROGUE.certificate):
        assert ask(judge, leaf).public == "untrusted"


def test_intermediates_as_sent(judge: Judge) -> None:
    leaf = MIDDLE.leaf("a.lab.test")
    assert ask(judge, leaf, MIDDLE.certificate).public == "trusted"
    assert ask(judge, leaf).public == "untrusted"


def test_a_leaf_cannot_sign(judge: Judge) -> None:
    signer = Issuer("Leaf", ROOT)
    signer.certificate = ROOT.leaf("leaf.lab.test", common="Leaf")
    assert ask(judge, signer.leaf("a.lab.test"), signer.certificate).public == "untrusted"


def test_a_certificate_for_something_else_is_none_for_servers(judge: Judge) -> None:
    assert ask(judge, ROOT.leaf("a.lab.test", usage=ExtendedKeyUsageOID.CLIENT_AUTH)).public == "untrusted"
    assert ask(judge, ROOT.leaf("a.lab.test", usage=ExtendedKeyUsageOID.SERVER_AUTH)).public == "trusted"


def test_the_public_set_is_mozillas_and_not_this_machines() -> None:
    assert ask(Judge(None, None), ROOT.leaf("a.lab.test")).public == "untrusted"


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\x30\x82\xff\xff" + bytes(100)])
def test_unreadable_certificates_are_untrusted(judge: Judge, der: bytes) -> None:
    facts = judge.judge([der], "a.lab.test", False)
    assert facts.public == "untrusted"
    assert not facts.name_matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.lab.test", "A.LAB.TEST", True),
        ("a.lab.test", "a.lab.test.", True),
        ("*.lab.test", "a.lab.test", True),
        ("*.lab.test", "lab.test", False),
        ("*.lab.test", "a.b.lab.test", False),
        ("a*.lab.test", "ab.lab.test", False),
        ("*.test", "lab.test", False),
        ("*", "a.lab.test", False),
        # pairs in which libraries differ: docs/decisions/0029-host-names-are-matched-by-our-own-lines.md
        ("*.lab.test", "xn--bcher-kva.lab.test", True),
        ("*.xn--bcher-kva.test", "a.xn--bcher-kva.test", True),
        ("a.lab.test.", "a.lab.test", True),
        ("*.lab.test.", "a.lab.test", True),
        (" a.lab.test", "a.lab.test", False),
        ("*.lab.test", "protect", False),
        ("protect", "protect", True),
        ("*.*.test", "a.b.test", False),
        ("a.*.test", "a.b.test", False),
    ],
)
def test_names(pattern: str, name: str, fits: bool) -> None:
    assert matches(ROOT.leaf(pattern), name, star_accepted=False) is fits


def test_esets_own_rule() -> None:
    assert matches(ROOT.leaf("*"), "anything.corp.local", star_accepted=True)
    assert matches(ROOT.leaf(common="Server at *"), "10.1.2.3", star_accepted=True)
    assert matches(ROOT.leaf(common="Server at protect.corp.local"), "protect.corp.local", star_accepted=True)
    assert not matches(ROOT.leaf(common="Server at protect.corp.local"), "other.corp.local", star_accepted=True)
    assert not matches(ROOT.leaf(common="Server at *"), "x", star_accepted=False)


def test_a_root_of_mozillas_set_is_found_in_it() -> None:
    import certifi

    roots = x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes())
    assert ask(Judge(None, None), roots[0]).public == "trusted"
    assert ask(Judge(None, None), roots[-1]).public == "trusted"


def test_an_authority_younger_than_an_expired_leaf(tmp_path: Path) -> None:
    """The leaf's own dates decide; that its authority did not exist at that time says nothing of the issuer."""
    young = Issuer("Young")
    young.certificate = (
        x509.CertificateBuilder(
            young.name, young.name, young.key.public_key(), x509.random_serial_number(), NOW - DAY, NOW + 900 * DAY
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(young.key, hashes.SHA256())
    )
    (tmp_path / "ca.pem").write_bytes(young.certificate.public_bytes(Encoding.PEM))
    facts = ask(
        Judge(str(tmp_path / "ca.pem"), None), young.leaf("a.lab.test", start=NOW - 800 * DAY, end=NOW - 400 * DAY)
    )
    assert (facts.public, facts.expired) == ("trusted", True)


def test_an_expired_intermediate_is_an_expired_chain(judge: Judge) -> None:
    old = Issuer("Old", ROOT)
    old.certificate = (
        x509.CertificateBuilder(
            ROOT.name, old.name, old.key.public_key(), x509.random_serial_number(), NOW - 800 * DAY, NOW - DAY
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ROOT.key, hashes.SHA256())
    )
    facts = ask(judge, old.leaf("a.lab.test"), old.certificate)
    assert (facts.public, facts.expired) == ("trusted", True)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """The authority of an inspecting proxy, as a file."""
    file = tmp_path / "company.pem"
    file.write_bytes(ROGUE.certificate.public_bytes(Encoding.PEM))
    return file


def test_what_ssl_cert_file_names_is_this_machines(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is neither public nor the site's: an inspected machine has it set."""
    monkeypatch.setenv("SSL_CERT_FILE", str(company))
    facts = ask(Judge(None, None), ROGUE.leaf("a.lab.test"))
    assert (facts.public, facts.site, facts.os_store) == ("untrusted", None, "trusted")
    assert facts.trusted_through == "SSL_CERT_FILE"


def test_what_ssl_cert_dir_names_is_this_machines(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (company.parent / "folder").mkdir()
    (company.parent / "folder" / "0123abcd.0").symlink_to(company)
    monkeypatch.setenv("SSL_CERT_DIR", f"/nowhere:{company.parent / 'folder'}")
    facts = ask(Judge(None, None), ROGUE.leaf("a.lab.test"))
    assert (facts.public, facts.os_store, facts.trusted_through) == ("untrusted", "trusted", "SSL_CERT_DIR")
    assert ask(Judge(None, None), ROOT.leaf("a.lab.test")).trusted_through == ""


def test_a_pin_is_of_the_leaf_alone() -> None:
    """The peer proved to hold its key; of the others it sent copies."""
    leaf = MIDDLE.leaf("a.lab.test")
    digest, above = (one.fingerprint(hashes.SHA256()).hex() for one in (leaf, MIDDLE.certificate))
    assert ask(Judge(None, None, [digest]), leaf, MIDDLE.certificate).pinned is True
    assert ask(Judge(None, None, [above]), leaf, MIDDLE.certificate).pinned is False
    assert ask(Judge(None, None), leaf).pinned is None


def test_the_age_of_a_leaf_is_told(judge: Judge) -> None:
    assert ask(judge, ROOT.leaf("a.lab.test", start=NOW - 3 * DAY)).age_days == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("digits", ["ab" * 32, ":".join(["AB"] * 32)])
def test_a_pin_as_people_write_it(digits: str) -> None:
    assert pin_of(f"sha256:{digits}") == "ab" * 32


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:ab", "sha1:" + "ab" * 20, "ab" * 32, "sha256:" + "xy" * 32])
def test_no_pin(text: str) -> None:
    with pytest.raises(NoPin):
        pin_of(text)
