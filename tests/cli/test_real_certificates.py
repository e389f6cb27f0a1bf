"""`check` against real OpenSSL servers on loopback: chains, dates, versions, client certificates, pins, and what the
environment names."""

import datetime as dt
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.cli.conftest import Command
from tests.unit.test_trust import DAY, NOW, Issuer

NAME = "protect.corp.test"
ROOT, COMPANY = Issuer("Corp Root"), Issuer("mitmproxy")
MIDDLE = Issuer("Corp Issuing", ROOT)
OLD = NOW - 40 * DAY  # older than a day, and than what is made on the way


class Shown:
    """A leaf that OpenSSL serves, with what stands above it."""

    def __init__(
        self,
        folder: Path,
        issuer: Issuer | None,
        *above: Issuer,
        start: dt.datetime = OLD,
        end: dt.datetime | None = None,
    ) -> None:
        signer = Issuer("Itself") if issuer is None else issuer
        key = Issuer("key").key
        name = signer.name if issuer is None else x509.Name([])
        builder = x509.CertificateBuilder(
            signer.name, name, (signer.key if issuer is None else key).public_key(), x509.random_serial_number(), start,
            end or NOW + 300 * DAY,
        )  # fmt: skip
        names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
        self.leaf = builder.add_extension(names, critical=issuer is not None).sign(signer.key, hashes.SHA256())
        self.file, self.key = folder / "leaf.pem", folder / "leaf.key"
        self.file.write_bytes(self.leaf.public_bytes(Encoding.PEM))
        self.key.write_bytes(
            (signer.key if issuer is None else key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        self.above = folder / "above.pem"
        self.above.write_bytes(b"".join(one.certificate.public_bytes(Encoding.PEM) for one in above))
        self.options = ["-cert", str(self.file), "-key", str(self.key)]
        self.options += ["-cert_chain", str(self.above)] if above else []

    @property
    def pin(self) -> str:
        return "sha256:" + self.leaf.fingerprint(hashes.SHA256()).hex()


@contextmanager
def serving(options: Sequence[str]) -> Iterator[int]:
    """OpenSSL's own server; yields its port."""
    line = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-no_dhe", *options]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            told = ""
            while not (match := re.search(r"ACCEPT \S+:(\d+)", told)):
                line_read = server.stdout.readline()
                assert line_read, told
                told += line_read
            yield int(match[1])
        finally:
            server.kill()


@pytest.fixture
def authority(tmp_path: Path) -> str:
    (tmp_path / "ca.pem").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
    return str(tmp_path / "ca.pem")


def there(folder: Path, port: int) -> str:
    """A site file that leads the Server's name to that port of this machine."""
    file = folder / "site.toml"
    file.write_text(f'[connect_to]\n"{NAME}:2222" = "127.0.0.1:{port}"\n')
    return str(file)


def checked(portcheck: Command, port: int, *options: str, **environment: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the row of 2222, the summary)."""
    arguments = ["check", "--role", "agent", "--server", NAME, "--only", "agent.server.*", "--format", "json"]
    with tempfile.TemporaryDirectory() as folder:
        report = portcheck(*arguments, "--site", there(Path(folder), port), *options, **environment).report
    return next(row for row in report["checks"] if row["id"] == "agent.server.tcp-2222"), report["summary"]


def told(row: dict[str, Any]) -> tuple[str, str, str | None]:
    return row["verdict"], row["reason"], row["culprit"]


def test_an_intermediate_that_is_not_sent(portcheck: Command, tmp_path: Path, authority: str) -> None:
    with serving(Shown(tmp_path, MIDDLE).options) as port:
        row, _ = checked(portcheck, port, "--ca-file", authority)
        assert (*told(row), row["confidence"]) == ("fail", "TLS_UNKNOWN_CA", "remote-config", "likely")
        assert row["findings"][0]["params"]["missing_issuer"] == "CN=Corp Issuing"
    with serving(Shown(tmp_path, MIDDLE, MIDDLE).options) as port:
        row, _ = checked(portcheck, port, "--ca-file", authority)
        assert (row["verdict"], row["proof"]["reached"]) == ("pass", "product")


def test_a_certificate_of_its_own_and_its_pin(portcheck: Command, tmp_path: Path, authority: str) -> None:
    shown = Shown(tmp_path, None)
    with serving(shown.options) as port:
        assert told(checked(portcheck, port, "--ca-file", authority)[0]) == ("fail", "TLS_UNKNOWN_CA", "remote-config")
        assert told(checked(portcheck, port, "--pin", "sha256:" + "0" * 64)[0])[:2] == ("fail", "TLS_UNKNOWN_CA")
        row, summary = checked(portcheck, port, "--pin", shown.pin, "--strict")
        assert (row["verdict"], row["proof"]["reached"], summary["exit_code"]) == ("pass", "product", 0)


def test_without_an_authority_the_first_line_says_so(portcheck: Command, tmp_path: Path) -> None:
    with serving(Shown(tmp_path, MIDDLE, MIDDLE).options) as port:
        row, summary = checked(portcheck, port)
        assert {one["reason"] for one in row["findings"]} >= {"TLS_UNKNOWN_CA", "IDENTITY_NOT_CHECKED"}
        assert (row["verdict"], summary["exit_code"], summary["identity_not_checked"]) == ("pass", 0, 1)
        assert checked(portcheck, port, "--strict")[1]["exit_code"] == 1
        asked = ["check", "--role", "agent", "--server", NAME, "--only", "agent.server.*"]
        asked += ["--site", there(tmp_path, port)]
        first = " ".join(portcheck(*asked, COLUMNS="100").out.split("\n\n")[0].split())
        assert f"the identity of {NAME} was not checked (--ca-file or --pin sha256:... does)" in first


@pytest.mark.parametrize("given", [False, True])
def test_dates_count_with_and_without_an_authority(
    portcheck: Command, tmp_path: Path, authority: str, given: bool
) -> None:
    options = ["--ca-file", authority] if given else []
    for start, end, reason in ((OLD, NOW - DAY, "TLS_EXPIRED"), (NOW + DAY, NOW + 9 * DAY, "TLS_NOT_YET_VALID")):
        with serving(Shown(tmp_path, ROOT, start=start, end=end).options) as port:
            row, summary = checked(portcheck, port, *options)
            assert (*told(row), summary["exit_code"]) == ("fail", reason, "remote-config", 1)


def test_what_the_environment_names_makes_nothing_better(portcheck: Command, tmp_path: Path, authority: str) -> None:
    """A healthy server on an inspected machine, and an inspected one."""
    company = tmp_path / "company.pem"
    company.write_bytes(COMPANY.certificate.public_bytes(Encoding.PEM))
    with serving(Shown(tmp_path, ROOT).options) as port:
        row, _ = checked(portcheck, port, "--ca-file", authority, SSL_CERT_FILE=str(company))
        assert (row["verdict"], row["proof"]["reached"]) == ("pass", "product")
        assert checked(portcheck, port, SSL_CERT_FILE=str(company))[0]["verdict"] == "pass"
    with serving(Shown(tmp_path, COMPANY).options) as port:
        row, _ = checked(portcheck, port, "--ca-file", authority, SSL_CERT_FILE=str(company))
        assert told(row) == ("fail", "TLS_INTERCEPTED", "tls-interceptor")
        assert row["findings"][0]["params"]["through"] == "SSL_CERT_FILE"
        row, _ = checked(portcheck, port)
        assert (*told(row), row["confidence"]) == ("warn", "TLS_INTERCEPTED", "tls-interceptor", "likely")


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1", "-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("client", [[], ["-Verify", "1", "-verify_return_error"]], ids=["plain", "client certificate"])
def test_versions_and_demanded_client_certificates(
    portcheck: Command, tmp_path: Path, authority: str, version: str, client: list[str]
) -> None:
    """Whoever demands a certificate is judged all the same."""
    old = version in ("-tls1", "-tls1_1")
    cipher = ["-cipher", "ALL:@SECLEVEL=0"] if old else []
    with serving([*Shown(tmp_path, ROOT).options, version, *cipher, *client]) as port:
        row, _ = checked(portcheck, port, "--ca-file", authority)
        assert (row["verdict"], row["proof"]["reached"]) == ("warn" if old else "pass", "product")
        assert (row["reason"] == "TLS_OLD_VERSION") is old
        assert ("CLIENT_CERTIFICATE_REQUESTED" in [one["reason"] for one in row["findings"]]) is bool(client)
    with serving([*Shown(tmp_path, COMPANY).options, version, *cipher, *client]) as port:
        assert told(checked(portcheck, port, "--ca-file", authority)[0])[:2] == ("fail", "TLS_INTERCEPTED")
    with serving([*Shown(tmp_path, ROOT, end=NOW - DAY).options, version, *cipher, *client]) as port:
        assert told(checked(portcheck, port)[0])[:2] == ("fail", "TLS_EXPIRED")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pin", "sha256:12"], "--pin: 'sha256:12': sha256: and 64 hexadecimal digits are needed"),
        (["--public-ca-file", "nowhere.pem"], "No such file"),
        (["--public-ca-file", "empty.pem"], "contains no PEM certificate"),
        (["--public-ca-file", "empty.pem", "--dry-run"], "contains no PEM certificate"),
    ],
)
def test_wrong_use(portcheck: Command, tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "empty.pem").write_text("")
    ended = portcheck("check", "--role", "agent", "--server", NAME, *options)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_the_line_to_test_again_and_the_dry_run_have_them(portcheck: Command, tmp_path: Path, authority: str) -> None:
    pin = "sha256:" + "ab" * 32
    options = ["--role", "agent", "--server", NAME, "--public-ca-file", authority, "--pin", pin]
    ended = portcheck("check", *options, "--dry-run")
    assert (ended.code, "Public authorities: from the file" in ended.err) == (0, True)
    with serving(Shown(tmp_path, ROOT).options) as port:
        site = there(tmp_path, port)
        report = portcheck("check", *options, "--only", "agent.server.*", "--site", site, "--format", "json").report
    assert report["run"]["public_ca_given"] is True
    assert {"--pin", pin, "--public-ca-file", authority} <= set(report["run"]["arguments"])
    assert report["checks"][0]["reason"] == "TLS_UNKNOWN_CA"
